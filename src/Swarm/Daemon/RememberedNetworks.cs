using System.Collections.Immutable;
using Swarm.Agent;
using Swarm.Model;
using Swarm.Rpc.Dispatch;

namespace Swarm.Daemon;

/// <summary>The cluster's networks of a node that makes none of them.</summary>
internal sealed class RememberedNetworks : INodeNetworks
{
    private volatile ImmutableDictionary<string, NetworkTable> _tables = ImmutableDictionary<string, NetworkTable>.Empty;

    public ImmutableDictionary<string, NetworkTable> Tables => _tables;

    public ImmutableArray<ContainerPlace> Places => [];

    public Task<ImmutableArray<string>> FaultsAsync(string networkId, CancellationToken cancellation) => Task.FromResult(ImmutableArray<string>.Empty);

    public Task ApplyAsync(string nodeId, ImmutableDictionary<string, NetworkTable> tables, CancellationToken cancellation)
    {
        _tables = tables;
        return Task.CompletedTask;
    }
}
