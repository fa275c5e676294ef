using System.Globalization;
using System.Net;

namespace Swarm.Commands;

/// <summary>The values of flags as what they mean.</summary>
internal static class Setting
{
    private static readonly string[] SizeUnits = ["", "k", "m", "g", "t", "p"];

    public static string Text(this FlagValues values, string name, string otherwise = "") => values.Last(name) ?? otherwise;

    /// <summary>Null: not given, or given as nothing.</summary>
    public static string? Given(this FlagValues values, string name) => values.Last(name) is { Length: > 0 } text ? text : null;

    public static bool Bool(this FlagValues values, string name, bool otherwise = false) => values.Last(name) is { } text ? GoBool.Parse(text)!.Value : otherwise;

    /// <summary>0 means the default, as in Docker's file.</summary>
    public static int Number(this FlagValues values, string name, int otherwise = 0) =>
        values.Last(name) is { } text && long.Parse(text, CultureInfo.InvariantCulture) is var number and not 0 ? checked((int)number) : otherwise;

    public static IPAddress? Address(this FlagValues values, string name) => values.Given(name) is { } text ? IPAddress.Parse(text) : null;

    /// <summary>The last value of each key.</summary>
    public static Dictionary<string, string> Map(this FlagValues values, string name)
    {
        var map = new Dictionary<string, string>();
        foreach (var pair in values.All(name).Select(text => text.Split('=', 2)))
        {
            map[pair[0]] = pair.ElementAtOrDefault(1) ?? "";
        }

        return map;
    }

    /// <summary>64M, 1.5g, 1024: bytes.</summary>
    /// <exception cref="FlagException">Not a size.</exception>
    public static long Bytes(string text)
    {
        var lower = text.Trim().ToLowerInvariant();
        var bare = lower.TrimEnd('b').TrimEnd('i');
        var unit = bare.Length > 0 && char.IsAsciiLetter(bare[^1]) ? bare[^1..] : "";
        var power = Array.IndexOf(SizeUnits, unit);
        return power >= 0 && decimal.TryParse(bare[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? (long)(number * (1L << (10 * power)))
            : throw new FlagException($"invalid size: '{text}'");
    }
}
