using System.Text;
using Swarm.Engine.Shim;

namespace Swarm.Api.Exec;

/// <summary>Says on an exec's stream why nothing runs: it is too late for a status, and the client then asks for the exit code.</summary>
internal static class StreamRefusal
{
    /// <param name="kind">The stream that it is said on; a terminal has but one, without frames.</param>
    internal static async Task WriteAsync(Stream client, bool tty, ShimFrameKind kind, string message, CancellationToken closed)
    {
        var text = Encoding.UTF8.GetBytes(message + "\r\n");
        var frame = new byte[ShimFrame.HeaderSize + text.Length];
        ShimFrame.WriteHeader(frame, kind, text.Length);
        text.CopyTo(frame.AsSpan(ShimFrame.HeaderSize));
        await client.WriteAsync(tty ? text : frame, closed).ConfigureAwait(false);
    }
}
