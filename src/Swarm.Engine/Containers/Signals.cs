using System.Globalization;

namespace Swarm.Engine.Containers;

/// <summary>signal(7) by name or number, as Docker accepts them.</summary>
public static class Signals
{
    public const int Kill = 9, Terminate = 15;
    private const int RealTimeMinimum = 34, RealTimeMaximum = 64;
    private static readonly string[] Names =
    [
        "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT",
        "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];

    /// <summary>Empty is <paramref name="fallback"/>.</summary>
    /// <exception cref="EngineException">400: no such signal.</exception>
    public static int Parse(string? text, int fallback)
    {
        if (string.IsNullOrEmpty(text))
        {
            return fallback;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number is > 0 and <= RealTimeMaximum ? number : throw Invalid(text);
        }

        var name = text.ToUpperInvariant();
        name = name.StartsWith("SIG", StringComparison.Ordinal) ? name[3..] : name;
        var index = Array.IndexOf(Names, name);
        if (index > 0)
        {
            return index;
        }

        return name switch
        {
            "RTMIN" => RealTimeMinimum,
            "RTMAX" => RealTimeMaximum,
            _ when Offset(name, "RTMIN+", out var up) && up <= RealTimeMaximum - RealTimeMinimum => RealTimeMinimum + up,
            _ when Offset(name, "RTMAX-", out var down) && down <= RealTimeMaximum - RealTimeMinimum => RealTimeMaximum - down,
            _ => throw Invalid(text),
        };
    }

    private static bool Offset(string name, string prefix, out int offset)
    {
        offset = 0;
        return name.StartsWith(prefix, StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out offset);
    }

    private static EngineException Invalid(string text) => EngineException.BadRequest($"Invalid signal: {text}");
}
