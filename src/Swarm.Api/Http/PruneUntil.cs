using System.Globalization;
using System.Text.RegularExpressions;
using Swarm.Engine;

namespace Swarm.Api.Http;

/// <summary>The filter `until` of prunes: a moment, or how long ago, as in 24h or 1h30m.</summary>
internal static partial class PruneUntil
{
    /// <summary>Null: no such filter.</summary>
    /// <exception cref="EngineException">400: not a moment, or several.</exception>
    public static DateTimeOffset? Of(Filters filters, DateTimeOffset now)
    {
        if (!filters.Has("until"))
        {
            return null;
        }

        if (filters["until"].Count > 1)
        {
            throw EngineException.BadRequest("more than one until filter specified");
        }

        var text = filters["until"].FirstOrDefault() ?? "";
        return Moment(text, now) ?? throw EngineException.BadRequest($"invalid filter 'until={text}': failed to parse value as time or duration: \"{text}\"");
    }

    /// <summary>Unix seconds with a fraction, RFC 3339, a date, or a duration before <paramref name="now"/>.</summary>
    public static DateTimeOffset? Moment(string text, DateTimeOffset now)
    {
        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds))
        {
            const long farthest = 253_402_300_799, earliest = -62_135_596_800;
            return seconds is >= earliest and <= farthest ? DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond)) : null;
        }

        if (Duration(text) is { } ago)
        {
            return now - ago;
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
    }

    private static TimeSpan? Duration(string text)
    {
        if (!Whole().IsMatch(text))
        {
            return null;
        }

        double seconds = 0;
        foreach (Match part in Part().Matches(text))
        {
            seconds += double.Parse(part.Groups[1].Value, CultureInfo.InvariantCulture) * part.Groups[2].Value switch
            {
                "h" => 3600,
                "m" => 60,
                "s" => 1,
                "ms" => 1e-3,
                "us" or "µs" => 1e-6,
                _ => 1e-9,
            };
        }

        const double longest = 3e9; // as Go's: some 95 years here, 292 there
        return seconds <= longest ? TimeSpan.FromSeconds(seconds) : null;
    }

    [GeneratedRegex(@"^([0-9]{1,18}(\.[0-9]{1,18})?(h|ms|m|s|us|µs|ns))+$")]
    private static partial Regex Whole();

    [GeneratedRegex(@"([0-9.]+)(h|ms|m|s|us|µs|ns)")]
    private static partial Regex Part();
}
