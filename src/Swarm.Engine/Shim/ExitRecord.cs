using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Swarm.Engine.Shim;

/// <summary>How a process ended. The shim writes it by hand, to keep a JSON serializer out of its memory.</summary>
/// <param name="Signal">The signal that ended it, or 0.</param>
public sealed record ExitRecord(int ExitCode, int Signal, bool OomKilled, DateTimeOffset FinishedAt)
{
    /// <summary>Nobody saw it end, and so there is no record on the disk.</summary>
    public bool Unseen { get; init; }

    public byte[] ToUtf8() => Encoding.ASCII.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"{{\"exitCode\":{ExitCode},\"signal\":{Signal},\"oomKilled\":{(OomKilled ? "true" : "false")},\"finishedAt\":\"{FinishedAt.UtcDateTime:O}\"}}"));

    /// <exception cref="JsonException">Not such a record.</exception>
    public static ExitRecord Parse(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8);
        using var document = JsonDocument.ParseValue(ref reader);
        var root = document.RootElement;
        return new ExitRecord(
            root.GetProperty("exitCode").GetInt32(),
            root.GetProperty("signal").GetInt32(),
            root.GetProperty("oomKilled").GetBoolean(),
            root.GetProperty("finishedAt").GetDateTimeOffset());
    }
}
