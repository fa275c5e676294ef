using System.Globalization;

namespace Swarm.Api.Client;

/// <summary>Sizes as docker reads and prints them.</summary>
public static class HumanSize
{
    private static readonly string[] Decimal = ["B", "kB", "MB", "GB", "TB", "PB"];

    /// <summary>Decimal units, three digits, as in 4.26MB.</summary>
    public static string Format(long bytes)
    {
        double size = bytes;
        var unit = 0;
        while (size >= 1000 && unit < Decimal.Length - 1)
        {
            size /= 1000;
            unit++;
        }

        return size.ToString("G3", CultureInfo.InvariantCulture) + Decimal[unit];
    }

    /// <summary>Binary units, as in 512m, 1.5g, 64KiB or plain bytes.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        var digits = text.AsSpan().IndexOfAnyExcept("0123456789.");
        var number = digits < 0 ? text : text[..digits];
        var unit = digits < 0 ? "" : text[digits..].Trim().ToLowerInvariant();
        var power = unit switch
        {
            "" or "b" => 0,
            "k" or "kb" or "kib" => 1,
            "m" or "mb" or "mib" => 2,
            "g" or "gb" or "gib" => 3,
            "t" or "tb" or "tib" => 4,
            _ => -1,
        };
        if (power < 0 || !decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value))
        {
            return false;
        }

        value *= 1L << (10 * power);
        if (value > long.MaxValue)
        {
            return false;
        }

        bytes = (long)value;
        return true;
    }
}
