using System.Globalization;

namespace Swarm.Model;

/// <summary>A label of a replicated service by which its leader levels it over the nodes by itself when one comes or returns: `auto`, or the most moves at a time.</summary>
public static class RebalanceLabel
{
    public const string Name = "swarm.rebalance";

    private const string Auto = "auto";

    /// <summary>Moves at most after nodes have changed; null: none.</summary>
    /// <exception cref="FormatException">Not of this form.</exception>
    public static int? Parse(string? text) =>
        TryParse(text, out var budget) ? budget : throw new FormatException($"invalid value of the label {Name}: it is auto, off, or how many tasks may move at most");

    public static bool TryParse(string? text, out int? budget)
    {
        budget = text == Auto ? int.MaxValue : null;
        if (text is null or "" or "off" or Auto)
        {
            return true;
        }

        var isNumber = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        budget = number > 0 ? number : null;
        return isNumber;
    }
}
