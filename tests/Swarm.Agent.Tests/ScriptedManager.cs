using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Dispatch;

namespace Swarm.Agent.Tests;

/// <summary>The managers as one node sees them: what they want of it, what they have heard from it, and whether they answer at all.</summary>
internal sealed class ScriptedManager : IDispatcherClient
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, SwarmTask> _wanted = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Secret> _secrets = [];
    private readonly List<TaskStatusUpdate> _heard = [];
    private Channel<Assignments>? _session;

    /// <summary>False: no call gets through.</summary>
    public bool Answers { get; set; } = true;

    /// <summary>The node is not a member any more.</summary>
    public bool Removed { get; set; }

    /// <summary>False: heartbeats are taken and never answered.</summary>
    public bool AnswersHeartbeats { get; set; } = true;

    /// <summary>A heartbeat that the node gives up ends as if the connection had been lost at that moment.</summary>
    public bool LosesConnections { get; set; }

    /// <summary>So many reports are written, and the node never hears of it.</summary>
    public int LostAnswers { get; set; }

    public int Sessions { get; private set; }

    /// <summary>With which the node registered last.</summary>
    public SessionRequest? Request { get; private set; }

    public int Heartbeats { get; private set; }

    public int Reports { get; private set; }

    /// <summary>Every status that was written, in order.</summary>
    public IReadOnlyList<TaskStatusUpdate> Heard
    {
        get
        {
            lock (_lock)
            {
                return [.. _heard];
            }
        }
    }

    public IEnumerable<TaskState> StatesOf(string task) => Heard.Where(one => one.TaskId == task).Select(one => one.Status.State);

    public Model.TaskStatus? LastOf(string task) => Heard.LastOrDefault(one => one.TaskId == task)?.Status;

    /// <summary>Wants the tasks, each as it is given now.</summary>
    public void Want(params SwarmTask[] tasks)
    {
        lock (_lock)
        {
            foreach (var task in tasks)
            {
                _wanted[task.Id] = task;
            }

            _session?.Writer.TryWrite(new Assignments { Tasks = [.. tasks] });
        }
    }

    public void Want(Secret secret)
    {
        lock (_lock)
        {
            _secrets[secret.Id] = secret;
            _session?.Writer.TryWrite(new Assignments { Secrets = [secret] });
        }
    }

    /// <summary>The store has no such task any more.</summary>
    public void Drop(string task)
    {
        lock (_lock)
        {
            _wanted.Remove(task);
            _session?.Writer.TryWrite(new Assignments { RemovedTasks = [task] });
        }
    }

    /// <summary>The leader is another one now.</summary>
    public void EndSession()
    {
        lock (_lock)
        {
            _session?.Writer.TryComplete(new RpcFault(RpcStatus.NotLeader, "this node does not lead the swarm any more"));
            _session = null;
        }
    }

    public async IAsyncEnumerable<SessionMessage> SessionAsync(SessionRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        Pass();
        Channel<Assignments> session;
        SessionMessage first;
        lock (_lock)
        {
            Request = request;
            _session = session = Channel.CreateUnbounded<Assignments>();
            first = new SessionMessage
            {
                SessionId = $"session-{++Sessions}",
                Assignments = new Assignments { Complete = true, Tasks = [.. _wanted.Values], Secrets = [.. _secrets.Values] },
            };
        }

        yield return first;
        await foreach (var change in session.Reader.ReadAllAsync(cancellation))
        {
            yield return new SessionMessage { SessionId = first.SessionId, Assignments = change };
        }
    }

    public async Task<HeartbeatResponse> HeartbeatAsync(HeartbeatRequest request, CancellationToken cancellation)
    {
        Pass();
        Heartbeats++;
        if (!AnswersHeartbeats)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation).ConfigureAwait(LosesConnections ? ConfigureAwaitOptions.SuppressThrowing : ConfigureAwaitOptions.None);
            throw new RpcFault(RpcStatus.Unavailable, "the connection was lost");
        }

        return new HeartbeatResponse { Period = TimeSpan.FromSeconds(1) };
    }

    public Task UpdateTaskStatusAsync(UpdateTaskStatusRequest request, CancellationToken cancellation)
    {
        Pass();
        lock (_lock)
        {
            _heard.AddRange(request.Updates);
            Reports++;
            if (LostAnswers-- > 0)
            {
                throw new RpcFault(RpcStatus.Unavailable, "the connection was lost");
            }
        }

        return Task.CompletedTask;
    }

    public Task AcknowledgeNetworksAsync(AcknowledgeNetworksRequest request, CancellationToken cancellation)
    {
        Pass();
        return Task.CompletedTask;
    }

    private void Pass()
    {
        if (Removed)
        {
            throw new RpcFault(RpcStatus.NotFound, "node n1 is not part of the swarm");
        }

        if (!Answers)
        {
            throw new RpcFault(RpcStatus.Unavailable, "no manager answers");
        }
    }
}
