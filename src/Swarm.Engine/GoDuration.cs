using System.Globalization;
using System.Text.RegularExpressions;

namespace Swarm.Engine;

/// <summary>Durations as Go writes them: 1m30s, 1.5h, 300ms.</summary>
public static partial class GoDuration
{
    /// <summary>Nanoseconds.</summary>
    /// <exception cref="EngineException">400.</exception>
    public static long Parse(string text)
    {
        var match = Grammar().Match(text);
        if (!match.Success)
        {
            throw EngineException.BadRequest($"time: invalid duration \"{text}\"");
        }

        decimal total = 0;
        for (var i = 0; i < match.Groups[1].Captures.Count; i++)
        {
            if (!decimal.TryParse(match.Groups[2].Captures[i].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                throw EngineException.BadRequest($"time: invalid duration \"{text}\"");
            }

            total += number * match.Groups[3].Captures[i].Value switch
            {
                "ns" => 1m,
                "us" or "µs" => 1_000m,
                "ms" => 1_000_000m,
                "s" => 1_000_000_000m,
                "m" => 60_000_000_000m,
                _ => 3_600_000_000_000m,
            };
        }

        return total <= long.MaxValue ? (long)total : throw EngineException.BadRequest($"time: invalid duration \"{text}\"");
    }

    [GeneratedRegex(@"^((\d{1,15}(?:\.\d{1,9})?)(ns|us|µs|ms|s|m|h))+\z")]
    private static partial Regex Grammar();
}
