using System.Collections.Immutable;
using System.Net;
using Swarm.Model;
using Swarm.Rpc.Dispatch;

namespace Swarm.Daemon;

/// <summary>The engine is there before the node is part of a cluster, and after: what is asked goes to the membership of the moment.</summary>
internal sealed class ClusterNetworks : IClusterNetworks
{
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile IClusterNetworks? _member;

    /// <summary>Set while this node is part of a cluster.</summary>
    internal IClusterNetworks? Member
    {
        get => _member;
        set => _member = value;
    }

    /// <summary>From now on <see cref="Member"/> is right. A container that is started with the daemon waits for it: its network may be the cluster's.</summary>
    internal void Settle() => _settled.TrySetResult();

    /// <inheritdoc/>
    public async Task<Network?> FindAsync(string network, CancellationToken cancellation) =>
        await MemberAsync(cancellation) is { } member ? await member.FindAsync(network, cancellation) : null;

    /// <inheritdoc/>
    public async Task<AttachedNetwork?> AttachAsync(
        string containerId, string network, ImmutableArray<IPAddress> asked, ImmutableArray<string> names, CancellationToken cancellation) =>
        await MemberAsync(cancellation) is { } member ? await member.AttachAsync(containerId, network, asked, names, cancellation) : null;

    /// <inheritdoc/>
    public Task DetachAsync(string containerId, string networkId, CancellationToken cancellation) =>
        _member?.DetachAsync(containerId, networkId, cancellation) ?? Task.CompletedTask;

    /// <inheritdoc/>
    public Task RenameAsync(ContainerPlace place, CancellationToken cancellation) => _member?.RenameAsync(place, cancellation) ?? Task.CompletedTask;

    private async Task<IClusterNetworks?> MemberAsync(CancellationToken cancellation)
    {
        await _settled.Task.WaitAsync(cancellation);
        return _member;
    }
}
