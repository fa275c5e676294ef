using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Swarm.Manager.Loops;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Dispatch;
using Swarm.Store;

namespace Swarm.Manager.Dispatch;

/// <summary>The dispatcher of one term of leadership: what it remembers of the agents ends with the term.</summary>
internal sealed class DispatcherTerm
{
    /// <summary>Commits of a registration that may be refused before the agent is told to try again.</summary>
    private const int MaxAttempts = 16;

    private readonly IObjectStore _store;
    private readonly Random _random;
    private readonly CancellationToken _leading;
    private readonly SessionTable _sessions;
    private readonly StatusWriter _writer;
    private readonly ControlLoopRunner _runner;
    private readonly LivenessLoop _liveness;
    private readonly NetworkTables _tables;
    private readonly Drains _drains;
    private readonly ContainerPlaces _places;
    private readonly TimeProvider _time;

    internal DispatcherTerm(IObjectStore store, TimeProvider time, Random random, ILoggerFactory loggers, CancellationToken leading)
    {
        (_store, _random, _time, _leading) = (store, random, time, leading);
        _sessions = new SessionTable(time);
        _writer = new StatusWriter(store, loggers.CreateLogger<StatusWriter>());
        _runner = new ControlLoopRunner(store, time, loggers.CreateLogger<ControlLoopRunner>());
        _liveness = new LivenessLoop(_sessions, time);
        _tables = new NetworkTables(store);
        _drains = new Drains(_sessions, time);
        _places = new ContainerPlaces(store, random, time, loggers.CreateLogger<ContainerPlaces>());
    }

    /// <summary>Runs until the first of its flows ends, which but for the end of the term none should.</summary>
    internal async Task RunAsync(CancellationTokenSource stop)
    {
        Task[] flows =
        [
            _writer.RunAsync(_leading),
            new ChangeNotifier(_store, _sessions, _tables).RunAsync(_leading),
            _runner.RunAsync(_liveness, _leading),
            _runner.RunAsync(new OrphanLoop(), _leading),
        ];
        await Task.WhenAny(flows);
        stop.Cancel();
        await Task.WhenAll(flows);
    }

    internal void End()
    {
        _sessions.EndAll();
        _tables.Dispose();
    }

    internal async Task<HeartbeatResponse> HeartbeatAsync(NodeIdentity caller, HeartbeatRequest request, CancellationToken cancellation)
    {
        _sessions.Touch(caller.NodeId, request.SessionId);
        if (request.Tls is { } tls)
        {
            await UpdateAsync(caller, node => node with { Description = tls.In(node.Description) }, cancellation);
        }

        var view = _store.View;
        if (view.Nodes.Find(caller.NodeId)?.Status.State != NodeState.Ready)
        {
            _sessions.Liveness.Raise();
        }

        return new HeartbeatResponse { Period = LivenessLoop.PeriodOf(view) };
    }

    internal Task UpdateTaskStatusAsync(NodeIdentity caller, UpdateTaskStatusRequest request, CancellationToken cancellation)
    {
        _sessions.Touch(caller.NodeId, request.SessionId);
        return _writer.WriteAsync(caller.NodeId, request.Updates, cancellation);
    }

    internal void AcknowledgeNetworks(NodeIdentity caller, AcknowledgeNetworksRequest request)
    {
        var session = _sessions.Touch(caller.NodeId, request.SessionId);
        session.Acknowledged = Math.Max(session.Acknowledged, request.Index);
        foreach (var waiting in _sessions.All.Where(one => one.Drains))
        {
            waiting.Changed.Raise();
        }
    }

    internal async Task<FindNetworkResponse> FindNetworkAsync(FindNetworkRequest request, CancellationToken cancellation) =>
        new() { Network = await _places.FindAsync(request.Network, cancellation) is { } network ? network with { Keys = null } : null };

    internal Task<AttachNetworkResponse> AttachNetworkAsync(NodeIdentity caller, AttachNetworkRequest request, CancellationToken cancellation) =>
        _places.AttachAsync(caller.NodeId, request, cancellation);

    internal Task DetachNetworkAsync(NodeIdentity caller, DetachNetworkRequest request, CancellationToken cancellation) =>
        _places.DetachAsync(caller.NodeId, request, cancellation);

    internal async IAsyncEnumerable<SessionMessage> SessionAsync(
        NodeIdentity caller, SessionRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        string id;
        lock (_random)
        {
            id = Ids.New(_random);
        }

        var session = _sessions.Open(id, caller.NodeId, request.HasNetworks);
        using var alive = CancellationTokenSource.CreateLinkedTokenSource(cancellation, session.Ended, _leading);
        try
        {
            await RegisterAsync(caller, request, alive.Token);
            if (request.HasNetworks)
            {
                await _places.ReplaceAsync(caller.NodeId, request.Places, alive.Token);
            }

            session.Registered = true;
            _sessions.Liveness.Raise();
            var assignments = new AssignmentSet(caller.NodeId, _tables, _drains);
            var news = new SessionNews(session.Id, assignments);
            while (true)
            {
                session.Changed.Take();

                // Before it is decided: an acknowledgement that comes meanwhile must be heard.
                session.Drains = true;
                var picture = _tables.Take();
                var node = picture.View.Nodes.Find(caller.NodeId) ?? throw NotAMember(caller);
                var message = news.Next(picture, node);
                session.Drains = assignments.Withheld.Count > 0;
                if (message is not null)
                {
                    yield return message;
                }

                using var patience = _drains.Wait(assignments.Withheld) is { } wait ? _time.CreateTimer(_ => session.Changed.Raise(), null, wait, Timeout.InfiniteTimeSpan) : null;
                if (!await ChangedAsync(session, alive.Token))
                {
                    cancellation.ThrowIfCancellationRequested();
                    throw _leading.IsCancellationRequested
                        ? new RpcFault(RpcStatus.NotLeader, "this node does not lead the swarm any more")
                        : new RpcFault(RpcStatus.SessionInvalid, $"the session of node {caller.NodeId} was ended: register again");
                }
            }
        }
        finally
        {
            _sessions.Break(session);
        }
    }

    private static async Task<bool> ChangedAsync(NodeSession session, CancellationToken alive)
    {
        try
        {
            await session.Changed.WaitAsync(alive);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>The node is Ready, with what it says of itself now. Its role is what the record says, not what an older certificate does.</summary>
    private Task RegisterAsync(NodeIdentity caller, SessionRequest request, CancellationToken cancellation) => UpdateAsync(
        caller,
        node => node with
        {
            Description = request.Description,
            Status = new NodeStatus { State = NodeState.Ready, Address = HostOf(request.Address), RpcAddress = request.Address, DataPathAddress = request.DataPathAddress },
        },
        cancellation);

    private async Task UpdateAsync(NodeIdentity caller, Func<Node, Node> change, CancellationToken cancellation)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var node = _store.View.Nodes.Find(caller.NodeId) ?? throw NotAMember(caller);
            var registered = change(node);
            if (Codec.Same(node, registered))
            {
                await ConfirmAsync(cancellation);
                return;
            }

            var result = await _store.CommitAsync(new StoreTransaction().Update(registered), cancellation);
            if (result.IsCommitted)
            {
                return;
            }

            if (result.Status != CommitStatus.Conflict)
            {
                break;
            }
        }

        throw new RpcFault(RpcStatus.Unavailable, $"what node {caller.NodeId} says of itself could not be written: try again");
    }

    /// <summary>
    /// What a commit would have shown: that this manager still leads. One that only believes so would send the node back to tasks and tables of before.
    /// </summary>
    private async Task ConfirmAsync(CancellationToken cancellation)
    {
        try
        {
            await _store.ReadAsync(cancellation);
        }
        catch (NoLeaderException)
        {
            throw new RpcFault(RpcStatus.NotLeader, "a majority of the managers does not confirm that this node leads the swarm");
        }
    }

    private static RpcFault NotAMember(NodeIdentity caller) => new(RpcStatus.NotFound, $"node {caller.NodeId} is not part of the swarm: it was removed, or never joined");

    private static string HostOf(string address)
    {
        var colon = address.LastIndexOf(':');
        return (colon < 0 ? address : address[..colon]).Trim('[', ']');
    }
}
