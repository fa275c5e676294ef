using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging;
using Swarm.Manager.Control;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Dispatch;
using Swarm.Store;
using TaskStatus = Swarm.Model.TaskStatus;

namespace Swarm.Manager.Dispatch;

/// <summary>The places of containers that are no tasks: what nodes ask for, give back, and say that they have. The allocator gives the addresses.</summary>
internal sealed partial class ContainerPlaces(IObjectStore store, Random random, TimeProvider time, ILogger logger)
{
    /// <summary>Commits of one change that may be refused before the caller is told to try again.</summary>
    private const int MaxAttempts = 16;

    /// <summary>For the allocator to decide.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <exception cref="RpcFault">Nobody can tell, or the beginning is that of several.</exception>
    internal async Task<Network?> FindAsync(string network, CancellationToken cancellation)
    {
        try
        {
            return NetworkLookup.TryFind(await store.ReadAsync(cancellation), network);
        }
        catch (ControlException ambiguous)
        {
            throw new RpcFault(RpcStatus.InvalidArgument, ambiguous.Message);
        }
        catch (NoLeaderException none)
        {
            throw new RpcFault(RpcStatus.Unavailable, none.Message);
        }
    }

    internal async Task<AttachNetworkResponse> AttachAsync(string nodeId, AttachNetworkRequest request, CancellationToken cancellation)
    {
        var network = await FindAsync(request.Network, cancellation) ?? throw new RpcFault(RpcStatus.NotFound, $"network {request.Network} not found");
        if (network.Ingress || !network.Attachable)
        {
            throw new RpcFault(
                RpcStatus.FailedPrecondition,
                $"Could not attach to network {request.Network}: rpc error: code = PermissionDenied desc = network {request.Network} not manually attachable");
        }

        if (request.Addresses.FirstOrDefault(address => !IPAddress.TryParse(address, out _)) is { } wrong)
        {
            throw new RpcFault(RpcStatus.InvalidArgument, $"invalid address {wrong}");
        }

        if (Find(store.View, nodeId, request.ContainerId, network.Id) is { Status.State: TaskState.Running } held)
        {
            return Answer(network, request.TaskId == held.Id ? await NameAsync(held, request.Names, cancellation) : held);
        }

        if (request.TaskId.Length > 0)
        {
            throw new RpcFault(RpcStatus.NotFound, $"container {request.ContainerId} has no place {request.TaskId} on network {request.Network}");
        }

        using var watch = store.Watch();
        var task = New(nodeId, request.ContainerId, network.Id, request.Addresses, request.Names) with { Id = NewId() };
        var result = await store.CommitAsync(new StoreTransaction().Create(task), cancellation);
        if (!result.IsCommitted)
        {
            throw NotWritten();
        }

        var decided = await DecidedAsync(watch, task.Id, cancellation);
        return decided.Status.State == TaskState.Running
            ? Answer(network, decided)
            : throw new RpcFault(RpcStatus.InvalidArgument, $"Could not attach to network {request.Network}: {decided.Status.Error}");
    }

    internal Task DetachAsync(string nodeId, DetachNetworkRequest request, CancellationToken cancellation) => ChangeAsync(
        view => Find(view, nodeId, request.ContainerId, request.NetworkId) is { } task ? new StoreTransaction().Delete(task) : new StoreTransaction(),
        cancellation);

    /// <summary>
    /// The node has these places and no other, by the names that it says. One that is not known any more is made again, if its addresses are still free.
    /// </summary>
    internal Task ReplaceAsync(string nodeId, ImmutableArray<ContainerPlace> places, CancellationToken cancellation) => ChangeAsync(
        view =>
        {
            var transaction = new StoreTransaction();
            var told = places.DistinctBy(place => place.TaskId).ToDictionary(place => place.TaskId, StringComparer.Ordinal);
            foreach (var task in view.TasksOnNode(nodeId).Where(task => task.Spec.Attached is not null && (!told.ContainsKey(task.Id) || task.Status.State.IsTerminal())))
            {
                transaction.Delete(task);
            }

            foreach (var place in told.Values.Where(place => Ids.IsValid(place.TaskId) && view.Networks.Find(place.NetworkId) is { Attachable: true, Ingress: false }))
            {
                if (view.Tasks.Find(place.TaskId) is { } known && (!known.Status.State.IsTerminal() || known.NodeId != nodeId))
                {
                    if (known.NodeId == nodeId && known.Spec.Attached is not null && !IsNamed(known, place.Names))
                    {
                        transaction.Update(Named(known, place.Names));
                    }

                    continue;
                }

                LogMadeAgain(nodeId, place.ContainerId, place.NetworkId);
                var asked = place.Addresses.Select(address => address.Split('/')[0]).Where(address => IPAddress.TryParse(address, out _)).ToImmutableArray();
                transaction.Create(New(nodeId, place.ContainerId, place.NetworkId, asked, place.Names) with { Id = place.TaskId });
            }

            return transaction;
        },
        cancellation);

    private async Task<SwarmTask> NameAsync(SwarmTask held, ImmutableArray<string> names, CancellationToken cancellation)
    {
        await ChangeAsync(
            view => view.Tasks.Find(held.Id) is { } task && !IsNamed(task, names) ? new StoreTransaction().Update(Named(task, names)) : new StoreTransaction(),
            cancellation);
        return Named(held, names);
    }

    private async Task ChangeAsync(Func<StoreView, StoreTransaction> decide, CancellationToken cancellation)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var transaction = decide(store.View);
            if (transaction.Count == 0)
            {
                return;
            }

            var result = await store.CommitAsync(transaction, cancellation);
            if (result.IsCommitted)
            {
                return;
            }

            if (result.Status is not (CommitStatus.Conflict or CommitStatus.Exists))
            {
                break;
            }
        }

        throw NotWritten();
    }

    private async Task<SwarmTask> DecidedAsync(StoreWatch watch, string taskId, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            while (await watch.Commits.WaitToReadAsync(either.Token))
            {
                while (watch.Commits.TryRead(out var commit))
                {
                    if (commit.Changes.Select(change => change.New).OfType<SwarmTask>().FirstOrDefault(task => task.Id == taskId && task.Status.State != TaskState.New) is { } decided)
                    {
                        return decided;
                    }
                }
            }
        }
        catch (WatchLaggedException)
        {
            // The caller asks again, and is answered the place that it has by then.
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
        }

        throw NotWritten();
    }

    private SwarmTask New(string nodeId, string containerId, string networkId, ImmutableArray<string> asked, ImmutableArray<string> names) => new()
    {
        NodeId = nodeId,
        Spec = new TaskSpec
        {
            Attached = new AttachedContainer { ContainerId = containerId, Asked = asked },
            Networks = [new NetworkAttachmentConfig { Target = networkId, Aliases = names }],
        },
        DesiredState = TaskState.Running,
        Status = new TaskStatus { State = TaskState.New, Timestamp = time.GetUtcNow(), Message = "created" },
    };

    private static bool IsNamed(SwarmTask task, ImmutableArray<string> names) => task.Spec.Networks.All(network => network.Aliases.SequenceEqual(names));

    private static SwarmTask Named(SwarmTask task, ImmutableArray<string> names) => task with
    {
        Spec = task.Spec with { Networks = [.. task.Spec.Networks.Select(network => network with { Aliases = names })] },
        Networks = [.. task.Networks.Select(place => place with { Aliases = names })],
    };

    private static SwarmTask? Find(StoreView view, string nodeId, string containerId, string networkId) => view.TasksOnNode(nodeId).FirstOrDefault(task =>
        task.Spec.Attached?.ContainerId == containerId && task.Spec.Networks.Any(network => network.Target == networkId) && !task.Status.State.IsTerminal());

    private static AttachNetworkResponse Answer(Network network, SwarmTask task) => new() { TaskId = task.Id, Network = network with { Keys = null }, Place = task.Networks[0] };

    private string NewId()
    {
        lock (random)
        {
            return Ids.New(random);
        }
    }

    private static RpcFault NotWritten() => new(RpcStatus.Unavailable, "the place on the network could not be written: try again");
}
