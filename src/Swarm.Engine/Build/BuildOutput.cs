using System.Threading.Channels;

namespace Swarm.Engine.Build;

/// <summary>
/// What one stage says. Stages run side by side, but are read one after the other, as if they had run so; one whose turn has not come and that
/// has much to say waits.
/// </summary>
internal sealed class StageOutput
{
    private const int MaxWaitingLines = 1024;

    private readonly Channel<BuildLine> _lines =
        Channel.CreateBounded<BuildLine>(new BoundedChannelOptions(MaxWaitingLines) { SingleReader = true });

    public ChannelReader<BuildLine> Lines => _lines.Reader;

    public ValueTask SayAsync(string text, CancellationToken cancellation) => _lines.Writer.WriteAsync(new BuildLine(text), cancellation);

    public ValueTask WriteAsync(BuildLine line, CancellationToken cancellation) => _lines.Writer.WriteAsync(line, cancellation);

    /// <summary>For progress that may be left out when nobody reads it.</summary>
    public void TryWrite(BuildLine line) => _lines.Writer.TryWrite(line);

    public void End() => _lines.Writer.TryComplete();
}
