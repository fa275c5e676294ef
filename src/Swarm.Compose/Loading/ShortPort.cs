using System.Globalization;
using Swarm.Compose.Tree;

namespace Swarm.Compose.Loading;

/// <summary>`[[IP:]PUBLISHED:]TARGET[/PROTOCOL]`, where ports may be ranges, as maps of the long form.</summary>
internal static class ShortPort
{
    private const int MaxRange = 1000;

    /// <exception cref="FormatException">Not of this form.</exception>
    internal static IEnumerable<ComposeMap> Read(string text, Origin at)
    {
        var slash = text.Split('/', 2);
        var (address, ports) = Address(slash[0]);
        var sides = ports.Split(':');
        if (sides.Length > 2)
        {
            throw Invalid(text);
        }

        var targets = Range(sides[^1], text);
        var published = sides.Length == 2 && sides[0].Length > 0 ? Range(sides[0], text) : null;

        // A range for one port is a choice.
        var choice = published is not null && targets.Count == 1 && published.Count > 1;
        if (choice)
        {
            throw new FormatException($"'{text}': a service is published at one port, not at one of a range");
        }

        if (published is not null && published.Count != targets.Count)
        {
            throw new FormatException($"'{text}': the ranges differ in length");
        }

        for (var i = 0; i < targets.Count; i++)
        {
            var entries = new OrderedDictionary<string, ComposeValue>(StringComparer.Ordinal)
            {
                ["mode"] = Scalar("ingress"),
                ["target"] = Scalar(Digits(targets[i])),
                ["protocol"] = Scalar(slash.Length > 1 ? slash[1] : "tcp"),
            };
            if (published is not null)
            {
                entries["published"] = Scalar(Digits(published[i]));
            }

            if (address.Length > 0)
            {
                entries["host_ip"] = Scalar(address);
            }

            yield return new ComposeMap(entries, at);
        }

        ComposeScalar Scalar(string value) => new(value, IsQuoted: false, at);
    }

    private static (string Address, string Ports) Address(string text)
    {
        if (text.StartsWith('[') && text.IndexOf("]:", StringComparison.Ordinal) is > 0 and var end)
        {
            return (text[1..end], text[(end + 2)..]);
        }

        var parts = text.Split(':');
        return parts.Length == 3 ? (parts[0], $"{parts[1]}:{parts[2]}") : ("", text);
    }

    private static List<int> Range(string text, string whole)
    {
        var ends = text.Split('-');
        var first = Port(ends[0], whole);
        var last = ends.Length switch { 1 => first, 2 => Port(ends[1], whole), _ => throw Invalid(whole) };
        return last >= first && last - first < MaxRange ? [.. Enumerable.Range(first, last - first + 1)] : throw Invalid(whole);
    }

    private static int Port(string text, string whole) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0 ? port : throw Invalid(whole);

    private static string Digits(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static FormatException Invalid(string text) => new($"'{text}' is no port: write 80, 8080:80 or 8080:80/udp");
}
