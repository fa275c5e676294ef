using System.Buffers.Binary;
using System.Net.Sockets;
using Swarm.Engine.Shim;

namespace Swarm.Engine.Containers;

/// <param name="Keys">To detach; only of use with stdin.</param>
public sealed record AttachRequest(bool Stdin, bool Stdout, bool Stderr, DetachKeys? Keys)
{
    /// <summary>Without frames, which tell stdout from stderr; a terminal's output never has them.</summary>
    public bool Raw { get; init; }
}

public sealed partial class ContainerEngine
{
    /// <summary>Attaches to a container that runs, or to the next run of one that does not: nothing that it writes is missed.</summary>
    /// <exception cref="EngineException">409: it is paused or restarting.</exception>
    public Task<AttachSession> AttachAsync(Container container, AttachRequest request, CancellationToken cancellation) =>
        container.Mailbox.RunAsync(async () =>
        {
            if (container.State.Status is ContainerStatus.Paused)
            {
                throw EngineException.Conflict($"container {container.Id} is paused, unpause the container before attach");
            }

            if (container.State.Status is ContainerStatus.Restarting)
            {
                throw EngineException.Conflict($"container {container.Id} is restarting, wait until the container is running");
            }

            var stdin = request.Stdin && container.Record.Config.OpenStdin;
            var interest = (stdin ? ShimInterest.Stdin : 0) | (request.Stdout ? ShimInterest.Stdout : 0) | (request.Stderr ? ShimInterest.Stderr : 0);
            var tty = request.Raw || container.Record.Config.Tty;
            Publish(container, "attach");
            if (container.State.IsRunning)
            {
                var connection = await ShimConnection.ConnectAsync(_starter.Bundle(container.Id), interest, cancellation).ConfigureAwait(false);
                return new AttachSession(Task.FromResult(connection), tty, stdin, request.Keys, static () => { });
            }

            var waiting = new PendingAttachment(interest);
            container.Pending.Add(waiting);
            return new AttachSession(waiting.Connected, tty, stdin, request.Keys, () =>
            {
                container.Pending.Remove(waiting);
                waiting.Complete(null);
            });
        });

    /// <exception cref="EngineException">409: it does not run.</exception>
    public async Task ResizeAsync(Container container, ushort rows, ushort columns, CancellationToken cancellation)
    {
        if (!container.State.IsRunning || container.Run is not { } run)
        {
            throw EngineException.Conflict($"container {container.Id} is not running");
        }

        await ResizeAsync(run.Control, rows, columns, cancellation).ConfigureAwait(false);
        Publish(container, "resize", ("height", $"{rows}"), ("width", $"{columns}"));
    }

    internal static async Task ResizeAsync(ShimConnection control, ushort rows, ushort columns, CancellationToken cancellation)
    {
        var size = new byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(size, rows);
        BinaryPrimitives.WriteUInt16BigEndian(size.AsSpan(2), columns);
        try
        {
            await control.SendAsync(ShimFrameKind.Resize, size, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw EngineException.Conflict("the process has ended");
        }
    }
}
