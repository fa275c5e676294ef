using System.Text;

namespace Swarm.Commands.Text;

/// <summary>Left-aligned columns, as docker prints them: three spaces between, at least ten wide.</summary>
public sealed class TextTable(params string[] header)
{
    private const int Gap = 3;
    private const int MinWidth = 10;
    private readonly List<string[]> _rows = [header];

    /// <param name="cells">As many as the header has.</param>
    public void Add(params string[] cells)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(cells.Length, _rows[0].Length);
        _rows.Add(cells);
    }

    public void Write(TextWriter output)
    {
        var widths = new int[_rows[0].Length];
        foreach (var row in _rows)
        {
            for (var i = 0; i < row.Length; i++)
            {
                widths[i] = Math.Max(widths[i], Math.Max(Width(row[i]) + Gap, MinWidth));
            }
        }

        var line = new StringBuilder();
        foreach (var row in _rows)
        {
            line.Clear();
            for (var i = 0; i < row.Length; i++)
            {
                // The last column is not padded: a terminal would wrap the blanks.
                line.Append(row[i]).Append(' ', i == row.Length - 1 ? 0 : widths[i] - Width(row[i]));
            }

            output.WriteLine(line.ToString().TrimEnd());
        }
    }

    private static int Width(string text) => text.EnumerateRunes().Count();
}
