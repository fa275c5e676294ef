using System.Collections.Immutable;
using Swarm.Engine.Shim;

namespace Swarm.Engine.Containers;

/// <summary>Clients that attached to a container that does not run yet. The start connects them before the first byte can be written.</summary>
internal sealed class PendingAttachments
{
    private ImmutableList<PendingAttachment> _waiting = [];

    public void Add(PendingAttachment attachment) => ImmutableInterlocked.Update(ref _waiting, list => list.Add(attachment));

    public void Remove(PendingAttachment attachment) => ImmutableInterlocked.Update(ref _waiting, list => list.Remove(attachment));

    public IReadOnlyList<PendingAttachment> TakeAll() => Interlocked.Exchange(ref _waiting, []);
}

internal sealed record PendingAttachment(ShimInterest Interest)
{
    private readonly TaskCompletionSource<ShimConnection?> _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Null: the container went away, or could not be started.</summary>
    public Task<ShimConnection?> Connected => _connected.Task;

    public void Complete(ShimConnection? connection)
    {
        if (!_connected.TrySetResult(connection))
        {
            connection?.Dispose();
        }
    }
}
