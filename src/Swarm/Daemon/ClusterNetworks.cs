using System.Collections.Immutable;
using System.Net;
using Swarm.Model;

namespace Swarm.Daemon;

/// <summary>The engine is there before the node is part of a cluster, and after: what is asked goes to the membership of the moment.</summary>
internal sealed class ClusterNetworks : IClusterNetworks
{
    private volatile IClusterNetworks? _member;

    /// <summary>Set while this node is part of a cluster.</summary>
    internal IClusterNetworks? Member
    {
        get => _member;
        set => _member = value;
    }

    /// <inheritdoc/>
    public Task<Network?> FindAsync(string network, CancellationToken cancellation) =>
        _member?.FindAsync(network, cancellation) ?? Task.FromResult<Network?>(null);

    /// <inheritdoc/>
    public Task<AttachedNetwork?> AttachAsync(
        string containerId, string network, ImmutableArray<IPAddress> asked, ImmutableArray<string> names, CancellationToken cancellation) =>
        _member?.AttachAsync(containerId, network, asked, names, cancellation) ?? Task.FromResult<AttachedNetwork?>(null);

    /// <inheritdoc/>
    public Task DetachAsync(string containerId, string networkId, CancellationToken cancellation) =>
        _member?.DetachAsync(containerId, networkId, cancellation) ?? Task.CompletedTask;
}
