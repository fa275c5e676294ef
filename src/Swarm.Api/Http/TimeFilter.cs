using System.Globalization;
using Swarm.Engine;

namespace Swarm.Api.Http;

/// <summary>Times as filters give them: seconds since 1970, a date or time, or a duration before now.</summary>
internal static class TimeFilter
{
    private static readonly string[] Formats =
        ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HHK", "yyyy-MM-ddK"];

    /// <exception cref="EngineException">400.</exception>
    public static DateTimeOffset Parse(string text, DateTimeOffset now)
    {
        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds)
            && seconds is > -62_000_000_000m and < 250_000_000_000m)
        {
            return DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond));
        }

        if (DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
        {
            return time;
        }

        var ticks = GoDuration.Parse(text) / TimeSpan.NanosecondsPerTick;
        return ticks <= now.Ticks ? now.AddTicks(-ticks) : DateTimeOffset.MinValue;
    }
}
