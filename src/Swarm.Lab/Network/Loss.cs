using System.Globalization;
using Swarm.Lab.State;

namespace Swarm.Lab.Network;

/// <summary>Packets lost by chance.</summary>
public static class Loss
{
    /// <summary>nft counts in these: a loss of 1 is <c>numgen random mod 10000 &lt; 10000</c>.</summary>
    public const int Scale = 10_000;

    /// <summary>Reads `20%` or `0.2`.</summary>
    /// <returns>A share, from 0 to 1.</returns>
    /// <exception cref="LabException">Another form, or outside 0..1.</exception>
    public static double Parse(string text)
    {
        var percent = text.EndsWith('%');
        return double.TryParse(percent ? text[..^1] : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? Checked(percent ? number / 100 : number)
            : throw new LabException($"'{text}' is no share of packets: write 20% or 0.2");
    }

    /// <exception cref="LabException">Outside 0..1.</exception>
    public static double Checked(double ratio) =>
        ratio is >= 0 and <= 1 ? ratio : throw new LabException(string.Create(CultureInfo.InvariantCulture, $"a loss of {ratio} is impossible: 0 (none) to 1 (all)"));

    /// <summary>
    /// Whose packets <paramref name="node"/> loses, and how many of <see cref="Scale"/>. A lossy node loses both what it gets and what it sends;
    /// the latter where it arrives, for a drop on the way out would tell the sender. Between two lossy nodes the worse one counts.
    /// </summary>
    public static IEnumerable<(int Parts, IReadOnlyList<string> From)> Arriving(LabRecord lab, string node)
    {
        var own = lab.Node(node).Loss;
        return lab.Nodes.Where(n => n.Name != node)
            .Select(n => (n.Name, Parts: (int)Math.Round(Math.Max(own, n.Loss) * Scale)))
            .Where(n => n.Parts > 0)
            .GroupBy(n => n.Parts, n => n.Name)
            .Select(g => (g.Key, (IReadOnlyList<string>)[.. g]));
    }

    public static string Text(double ratio) => string.Create(CultureInfo.InvariantCulture, $"{ratio * 100:0.##}%");
}
