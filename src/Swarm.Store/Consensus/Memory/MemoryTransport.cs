namespace Swarm.Store.Consensus.Memory;

/// <summary>The way between the stores of a <see cref="MemoryCluster"/>: one latency there, one back, and nothing over a cut link.</summary>
internal sealed class MemoryTransport(MemoryCluster cluster, string nodeId) : IPeerTransport
{
    public async Task<ReadOnlyMemory<byte>> CallAsync(string to, ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        await cluster.DelayAsync(cancellation).ConfigureAwait(false);
        var (handler, cut) = cluster.Route(nodeId, to);
        if (!cut && handler is null)
        {
            throw new PeerUnreachableException($"{to} is not running");
        }

        var answer = cut ? await LostAsync(cancellation).ConfigureAwait(false)
            : await handler!.HandleAsync(nodeId, request, cancellation).ConfigureAwait(false);
        await cluster.DelayAsync(cancellation).ConfigureAwait(false);
        return cluster.Route(to, nodeId).Cut ? await LostAsync(cancellation).ConfigureAwait(false) : answer;
    }

    private async Task<ReadOnlyMemory<byte>> LostAsync(CancellationToken cancellation)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, cluster.Time, cancellation).ConfigureAwait(false);
        return default;
    }
}
