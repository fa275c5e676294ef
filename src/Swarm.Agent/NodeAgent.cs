using Microsoft.Extensions.Logging;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Dispatch;

namespace Swarm.Agent;

/// <summary>
/// A node's worker half: keeps a session with the leading manager, runs what it is assigned, reports how far it is. Without a manager it goes on
/// with what it knows. Made once for the node's membership; <see cref="RunAsync"/> runs until the daemon ends, which leaves the containers alone.
/// </summary>
/// <param name="nodeId">This node's.</param>
/// <param name="address">host:port at which this node's own RPC can be dialled, asked for at every registration.</param>
public sealed partial class NodeAgent(
    string nodeId, IDispatcherClient client, ITaskExecutor executor, INodeNetworks networks, IAgentJournal journal, Func<string> address, TimeProvider time, Random random, ILoggerFactory loggers)
{
    /// <summary>Waits between attempts at a session.</summary>
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A heartbeat without an answer for so many periods ends the session: its manager may be frozen or cut off. No more than one, so that the
    /// node reaches the next leader before that takes it for dead.
    /// </summary>
    private const int HeartbeatPatience = 1;

    private readonly ILogger<NodeAgent> _logger = loggers.CreateLogger<NodeAgent>();
    private readonly StatusReporter _reporter = new(journal);
    private readonly NetworkKeeper _networks = new(nodeId, networks, time, loggers.CreateLogger<NetworkKeeper>());
    private readonly TaskCompletionSource _registered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskTable? _tasks;
    private volatile TaskCompletionSource _anew = new();

    /// <summary>What the managers are told of the node's certificate; null: nothing.</summary>
    public AgentTls? Tls { get; init; }

    /// <summary>Address at which this node takes the frames of networks, asked for at every registration; empty: that of its RPC.</summary>
    public Func<string> DataPathAddress { get; init; } = () => "";

    /// <summary>Completes when the managers have taken this node for ready, the first time.</summary>
    public Task Registered => _registered.Task;

    /// <summary>Raised by the session's flow, which waits for the handlers: they should be quick.</summary>
    public event Action<AgentNews>? News;

    /// <summary>Runs until cancelled, and returns when all workers have let go.</summary>
    public async Task RunAsync(CancellationToken daemon)
    {
        var context = new TaskWorkerContext(executor, journal, _reporter, new SecretStore(), _networks, time, loggers.CreateLogger<TaskWorker>());
        var tasks = new TaskTable(context, loggers.CreateLogger<TaskTable>());
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(daemon);
        var making = _networks.RunAsync(ending.Token);
        try
        {
            await tasks.AdoptAsync(daemon);
            _tasks = tasks;
            await KeepSessionAsync(tasks, daemon);
        }
        catch (OperationCanceledException) when (daemon.IsCancellationRequested)
        {
        }
        finally
        {
            _tasks = null;
            await tasks.DrainAsync();
            ending.Cancel();
            await making;
        }
    }

    /// <summary>
    /// Completes when this node's part of the network is made as the managers want it and has the endpoint. Only while <see cref="RunAsync"/> runs.
    /// </summary>
    public Task UntilMadeAsync(string networkId, string taskId, CancellationToken cancellation) => _networks.UntilMadeAsync(networkId, taskId, _ => { }, cancellation);

    /// <inheritdoc cref="UntilMadeAsync(string, string, CancellationToken)"/>
    /// <param name="isMade">Asked of the network's table.</param>
    public Task UntilMadeAsync(string networkId, Func<NetworkTable, bool> isMade, CancellationToken cancellation) =>
        _networks.UntilMadeAsync(networkId, isMade, _ => { }, cancellation);

    /// <summary>Ends the session, if there is one: the next tells the managers all that the node has.</summary>
    public void BeginAnew() => _anew.TrySetResult();

    /// <summary>
    /// Stops and removes every task of this node, and its networks, because it leaves the cluster. Only while <see cref="RunAsync"/> runs.
    /// </summary>
    public async Task RemoveAllAsync(CancellationToken cancellation)
    {
        await (_tasks ?? throw new InvalidOperationException("the agent does not run")).RemoveAllAsync(cancellation);
        await _networks.RemoveAllAsync(cancellation);
    }

    private async Task KeepSessionAsync(TaskTable tasks, CancellationToken daemon)
    {
        var wait = TimeSpan.Zero;
        while (true)
        {
            var registered = false;
            try
            {
                await SessionAsync(
                    tasks,
                    () =>
                    {
                        registered = true;
                        _registered.TrySetResult();
                    },
                    daemon);
            }
            catch (Exception error)
            {
                daemon.ThrowIfCancellationRequested(); // whatever else ended it meanwhile
                LogSessionEnded(error.Message);
                if (error is RpcFault { Status: RpcStatus.NotFound })
                {
                    News?.Invoke(new AgentNews(null, [], null, null, Removed: true));
                }
            }

            daemon.ThrowIfCancellationRequested();
            wait = registered || wait == TimeSpan.Zero ? FirstRetry : wait * 2 < MaxRetry ? wait * 2 : MaxRetry;

            // Spread, so that the agents of a lost leader do not all arrive at the next one together.
            await Task.Delay(wait * (0.5 + (random.NextDouble() / 2)), time, daemon);
        }
    }

    private async Task SessionAsync(TaskTable tasks, Action registered, CancellationToken daemon)
    {
        using var session = CancellationTokenSource.CreateLinkedTokenSource(daemon);
        var anew = _anew = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously); // before it is gathered what the managers are told
        var description = await executor.DescribeAsync(daemon);
        var tls = Tls?.Current;
        var request = new SessionRequest
        {
            Description = tls?.In(description) ?? description,
            Address = address(),
            DataPathAddress = DataPathAddress(),
            HasNetworks = true,
            Places = networks.Places,
        };
        _networks.BeginSession();
        Task heartbeats = Task.CompletedTask;
        Task reports = Task.CompletedTask;
        Task acknowledgements = Task.CompletedTask;
        Task told = Task.CompletedTask;
        Exception? cause = null;
        try
        {
            var isOpen = false;
            await foreach (var message in client.SessionAsync(request, session.Token))
            {
                if (message.Assignments is { } assignments)
                {
                    _networks.Take(assignments);
                    tasks.Apply(assignments, daemon);
                }

                if (message.Node is not null || !message.Managers.IsDefaultOrEmpty || message.TrustRoot is not null || message.IssuingRoot is not null)
                {
                    News?.Invoke(new AgentNews(message.Node, message.Managers, message.TrustRoot, message.IssuingRoot, Removed: false));
                }

                if (!isOpen)
                {
                    isOpen = true;
                    registered();
                    LogRegistered(message.SessionId);
                    heartbeats = EndingAsync(BeatAsync(message.SessionId, tls, session.Token), session);
                    reports = EndingAsync(_reporter.RunAsync(client, message.SessionId, session.Token), session);
                    acknowledgements = EndingAsync(_networks.AcknowledgeAsync(client, message.SessionId, session.Token), session);
                    told = EndingAsync(anew.Task.WaitAsync(session.Token), session);
                }
            }
        }
        catch (Exception error)
        {
            cause = error;
        }

        session.Cancel();
        Exception?[] causes = [await OutcomeAsync(heartbeats), await OutcomeAsync(reports), await OutcomeAsync(acknowledgements), await OutcomeAsync(told), cause];
        if (causes.FirstOrDefault(one => one is not null and not OperationCanceledException) is { } first)
        {
            throw first;
        }
    }

    private async Task BeatAsync(string sessionId, NodeTls? told, CancellationToken session)
    {
        var patience = TimeSpan.FromSeconds(1) * HeartbeatPatience;
        while (true)
        {
            using var late = new CancellationTokenSource(patience, time);
            using var call = CancellationTokenSource.CreateLinkedTokenSource(session, late.Token);
            HeartbeatResponse response;
            var tls = Tls?.Current;
            try
            {
                response = await client.HeartbeatAsync(new HeartbeatRequest { SessionId = sessionId, Tls = ReferenceEquals(tls, told) ? null : tls }, call.Token);
                told = tls;
            }
            catch (OperationCanceledException) when (late.IsCancellationRequested && !session.IsCancellationRequested)
            {
                throw new TimeoutException("the manager does not answer heartbeats");
            }

            var period = response.Period > TimeSpan.Zero ? response.Period : TimeSpan.FromSeconds(1);
            patience = period * HeartbeatPatience;
            await (Tls is null ? Task.Delay(period, time, session) : Tls.ChangedWithinAsync(period, time, session));
        }
    }

    /// <summary>The end of one flow is the end of the session.</summary>
    private static async Task EndingAsync(Task flow, CancellationTokenSource session)
    {
        try
        {
            await flow;
        }
        finally
        {
            session.Cancel();
        }
    }

    private static async Task<Exception?> OutcomeAsync(Task flow)
    {
        try
        {
            await flow;
            return null;
        }
        catch (Exception error)
        {
            return error;
        }
    }
}
