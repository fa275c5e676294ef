using System.Runtime.CompilerServices;
using Swarm.Model;
using Swarm.Security;
using Swarm.Rpc;
using Swarm.Rpc.Dispatch;

namespace Swarm.Simulation.World;

/// <summary>A node's way to the managers: it has latency, can be cut (calls fail) and stalled (calls hang).</summary>
public sealed class Link(SimulatedCluster world, string nodeId) : IDispatcherClient
{
    private CancellationTokenSource _cut = new();
    private TaskCompletionSource? _stalled;

    public bool IsCut { get; private set; }

    public bool IsStalled => _stalled is not null;

    public TimeSpan HealthySince { get; private set; }

    public void Cut()
    {
        IsCut = true;
        _cut.Cancel();
    }

    public void Stall() => _stalled ??= new TaskCompletionSource();

    public void Heal()
    {
        if (IsCut)
        {
            _cut = new CancellationTokenSource();
        }

        IsCut = false;
        HealthySince = world.Time.Elapsed;

        // Waiters go on in place: they must find the way free.
        (var stalled, _stalled) = (_stalled, null);
        stalled?.TrySetResult();
    }

    public void Touch() => HealthySince = world.Time.Elapsed;

    public async IAsyncEnumerable<SessionMessage> SessionAsync(SessionRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await PassAsync(cancellation);
        using var call = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _cut.Token);
        var messages = world.LeadingDispatcher.SessionAsync(Identity(), request, call.Token);
        await foreach (var message in messages)
        {
            await PassAsync(call.Token);
            world.Checks.OnSessionMessage(nodeId, message);
            yield return message;
        }
    }

    public async Task<HeartbeatResponse> HeartbeatAsync(HeartbeatRequest request, CancellationToken cancellation)
    {
        await PassAsync(cancellation);
        return await world.LeadingDispatcher.HeartbeatAsync(Identity(), request, cancellation);
    }

    public async Task UpdateTaskStatusAsync(UpdateTaskStatusRequest request, CancellationToken cancellation)
    {
        await PassAsync(cancellation);
        await world.LeadingDispatcher.UpdateTaskStatusAsync(Identity(), request, cancellation);

        // The answer may be lost after the statuses were written.
        await PassAsync(cancellation);
    }

    public async Task AcknowledgeNetworksAsync(AcknowledgeNetworksRequest request, CancellationToken cancellation)
    {
        await PassAsync(cancellation);
        await world.LeadingDispatcher.AcknowledgeNetworksAsync(Identity(), request, cancellation);
    }

    private NodeIdentity Identity() => new(nodeId, NodeRole.Worker, "cluster");

    private async Task PassAsync(CancellationToken cancellation)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(world.Random.Next(1, 4)), world.Time, cancellation);
        while (_stalled is { } stalled)
        {
            await stalled.Task.WaitAsync(cancellation);
        }

        if (IsCut)
        {
            throw new RpcFault(RpcStatus.Unavailable, "no route to the managers");
        }
    }
}
