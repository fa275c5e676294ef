using System.Text;
using System.Text.Json;

namespace Swarm.Engine.Logs;

/// <param name="Tail">The last lines only; null: all.</param>
public sealed record LogRequest(bool Stdout, bool Stderr, bool Follow, bool Timestamps, DateTimeOffset? Since, DateTimeOffset? Until, int? Tail);

/// <param name="Text">With its line end, unless it is a piece of a longer line.</param>
public readonly record struct LogLine(bool IsStderr, DateTimeOffset Time, ReadOnlyMemory<byte> TimeText, ReadOnlyMemory<byte> Text)
{
    /// <summary>A JSON object of texts; empty: none.</summary>
    public ReadOnlyMemory<byte> Attributes { get; init; }

    /// <summary>As `docker logs --details` shows it: the attributes before the text, each name and value escaped as in a query.</summary>
    public LogLine WithDetails()
    {
        var details = "";
        if (!Attributes.IsEmpty)
        {
            using var document = JsonDocument.Parse(Attributes);
            details = string.Join(',', document.RootElement.EnumerateObject().Select(pair => $"{Uri.EscapeDataString(pair.Name)}={Uri.EscapeDataString(pair.Value.GetString() ?? "")}"));
        }

        return this with { Text = (byte[])[.. Encoding.UTF8.GetBytes(details + " "), .. Text.Span] };
    }
}
