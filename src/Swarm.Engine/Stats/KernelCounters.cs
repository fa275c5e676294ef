using System.Globalization;

namespace Swarm.Engine.Stats;

/// <summary>The kernel's small text files of numbers. What is gone or unreadable counts nothing: a container may end at any moment.</summary>
internal static class KernelCounters
{
    public static string? Text(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>A file of one number; "max" is the largest.</summary>
    public static ulong? Number(string path) => Text(path)?.Trim() switch
    {
        null => null,
        "max" => ulong.MaxValue,
        var text => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null,
    };

    /// <summary>Lines of a name and a number.</summary>
    public static Dictionary<string, ulong> Table(string path)
    {
        var table = new Dictionary<string, ulong>(StringComparer.Ordinal);
        foreach (var line in (Text(path) ?? "").Split('\n'))
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space > 0 && ulong.TryParse(line.AsSpan(space + 1).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                table[line[..space]] = number;
            }
        }

        return table;
    }

    public static IReadOnlyList<ulong> List(string path) =>
        [.. (Text(path) ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(text => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)];
}
