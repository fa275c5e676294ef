using System.Text;

namespace Swarm.Compose.Conversion;

/// <summary>A line as words, by the shell's rules of quoting; nothing is filled in.</summary>
internal static class ShellWords
{
    /// <exception cref="FormatException">A quote is not closed.</exception>
    internal static IReadOnlyList<string> Split(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var isOpen = false;
        var quote = '\0';
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (c == '\\' && quote != '\'' && i + 1 < line.Length && (quote == '\0' || line[i + 1] is '"' or '\\' or '$' or '`'))
            {
                word.Append(line[++i]);
                isOpen = true;
            }
            else if (quote != '\0')
            {
                _ = c == quote ? (quote = '\0') : word.Append(c)[^1];
            }
            else if (c is '\'' or '"')
            {
                quote = c;
                isOpen = true;
            }
            else if (!char.IsWhiteSpace(c))
            {
                word.Append(c);
                isOpen = true;
            }
            else if (isOpen)
            {
                words.Add(word.ToString());
                word.Clear();
                isOpen = false;
            }
        }

        if (quote != '\0')
        {
            throw new FormatException("a quote is not closed");
        }

        if (isOpen)
        {
            words.Add(word.ToString());
        }

        return words;
    }
}
