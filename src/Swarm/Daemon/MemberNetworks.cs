using System.Collections.Immutable;
using System.Net;
using Swarm.Agent;
using Swarm.Engine;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Clients;
using Swarm.Rpc.Dispatch;

namespace Swarm.Daemon;

/// <summary>The cluster's networks for plain containers, asked of the leader.</summary>
internal sealed class MemberNetworks(DispatcherClient managers, NodeAgent agent, TimeProvider time) : IClusterNetworks
{
    /// <summary>For the node's own part of the network.</summary>
    private static readonly TimeSpan MakePatience = TimeSpan.FromSeconds(10);

    /// <summary>For a manager to be told that a place is free; it hears it with the next session otherwise.</summary>
    private static readonly TimeSpan DetachPatience = TimeSpan.FromSeconds(2);

    /// <summary>For the managers and this node to call a place by another name.</summary>
    private static readonly TimeSpan RenamePatience = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public async Task<Network?> FindAsync(string network, CancellationToken cancellation) =>
        (await CatchAsync(() => managers.FindNetworkAsync(new FindNetworkRequest { Network = network }, cancellation))).Network;

    /// <inheritdoc/>
    public async Task<AttachedNetwork?> AttachAsync(
        string containerId, string network, ImmutableArray<IPAddress> asked, ImmutableArray<string> names, CancellationToken cancellation)
    {
        if (await FindAsync(network, cancellation) is null)
        {
            return null;
        }

        var request = new AttachNetworkRequest { ContainerId = containerId, Network = network, Addresses = [.. asked.Select(address => address.ToString())], Names = names };
        var answer = await CatchAsync(() => managers.AttachNetworkAsync(request, cancellation));
        using var late = new CancellationTokenSource(MakePatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            await agent.UntilMadeAsync(answer.Network.Id, answer.TaskId, either.Token);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            await DetachAsync(containerId, answer.Network.Id, cancellation);
            throw new EngineException(500, $"Could not attach to network {network}: this node could not make its part of it");
        }
        catch (TaskRejectedException rejected)
        {
            await DetachAsync(containerId, answer.Network.Id, cancellation);
            throw new EngineException(500, $"Could not attach to network {network}: {rejected.Message}");
        }

        return new AttachedNetwork(answer.TaskId, answer.Network, answer.Place);
    }

    /// <inheritdoc/>
    public async Task DetachAsync(string containerId, string networkId, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(DetachPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            await managers.DetachNetworkAsync(new DetachNetworkRequest { ContainerId = containerId, NetworkId = networkId }, either.Token);
        }
        catch (Exception failure) when (failure is RpcFault || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            // The next session tells it.
        }
    }

    /// <inheritdoc/>
    public async Task RenameAsync(ContainerPlace place, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(RenamePatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        var request = new AttachNetworkRequest { ContainerId = place.ContainerId, Network = place.NetworkId, Names = place.Names, TaskId = place.TaskId };
        try
        {
            await managers.AttachNetworkAsync(request, either.Token);
            await agent.UntilMadeAsync(
                place.NetworkId, table => table.Endpoints.TryGetValue(place.TaskId, out var endpoint) && endpoint.Names.SequenceEqual(place.Names), either.Token);
        }
        catch (Exception failure) when (failure is RpcFault or TaskRejectedException || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            agent.BeginAnew();
        }
    }

    /// <exception cref="EngineException">In place of a <see cref="RpcFault"/>.</exception>
    private static async Task<T> CatchAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (RpcFault fault)
        {
            throw new EngineException(
                fault.Status switch
                {
                    RpcStatus.FailedPrecondition => 403,
                    RpcStatus.InvalidArgument => 400,
                    RpcStatus.NotFound => 404,
                    _ => 503,
                },
                fault.Message,
                fault);
        }
    }
}
