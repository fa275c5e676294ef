using System.Globalization;

namespace Swarm.Engine.Containers;

/// <summary>Options of the json-file driver.</summary>
internal static class LogOptions
{
    /// <exception cref="EngineException">400: an unknown option or a bad value.</exception>
    public static void Check(Wire.LogConfig? log)
    {
        foreach (var (name, value) in log?.Config ?? [])
        {
            switch (name)
            {
                case "max-size": ParseSize(value); break;
                case "max-file": ParseFiles(value); break;
                default:
                    throw EngineException.BadRequest($"unknown log opt '{name}' for json-file log driver");
            }
        }
    }

    /// <summary>Bytes, from a number and a unit (k, m, g); 0: no bound.</summary>
    public static long ParseSize(string text)
    {
        if (text == "-1")
        {
            return 0;
        }

        var lower = text.ToLowerInvariant().TrimEnd('b');
        var unit = lower.Length > 0 ? lower[^1] switch { 'k' => 1L << 10, 'm' => 1L << 20, 'g' => 1L << 30, _ => 1L } : 1L;
        return decimal.TryParse(unit > 1 ? lower[..^1] : lower, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number * unit >= 1
            ? (long)(number * unit)
            : throw EngineException.BadRequest($"invalid value for max-size: invalid size: '{text}'");
    }

    /// <summary>From 1.</summary>
    public static int ParseFiles(string? text) => text is null ? 1
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= 1 ? count
        : throw EngineException.BadRequest("max-file cannot be less than 1");
}
