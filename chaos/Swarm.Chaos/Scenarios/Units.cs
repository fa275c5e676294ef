using System.Globalization;

namespace Swarm.Chaos.Scenarios;

/// <summary>Values of a scenario: `1.5s`, `200ms`, `1s..3s`, `64MiB`, `0.25`. Each answers null for anything else.</summary>
internal static class Units
{
    public const string ADuration = "a duration such as 1.5s or 200ms";
    public const string ASpan = "a duration or two, such as 2s or 500ms..2s";
    public const string ASize = "a size such as 64MiB";
    public const string AShare = "a number from 0 to 1";

    public static TimeSpan? Duration(string text) =>
        text.EndsWith("ms", StringComparison.Ordinal) ? Milliseconds(text[..^2], 1)
        : text.EndsWith('s') ? Milliseconds(text[..^1], 1000)
        : null;

    public static Span? Span(string text)
    {
        var parts = text.Split("..");
        return parts.Length is 1 or 2 && Duration(parts[0]) is { } low && Duration(parts[^1]) is { } high && low <= high ? new Span(low, high) : null;
    }

    public static long? Size(string text) =>
        text.EndsWith("MiB", StringComparison.Ordinal) && long.TryParse(text.AsSpan(0, text.Length - 3), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number << 20
            : null;

    public static double? Share(string text) => Decimal(text) is { } number and <= 1 ? number : null;

    private static TimeSpan? Milliseconds(string text, int unit) => Decimal(text) is { } number and < 1_000_000 ? TimeSpan.FromMilliseconds(number * unit) : null;

    /// <summary>Not negative, and no exponent.</summary>
    private static double? Decimal(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;
}
