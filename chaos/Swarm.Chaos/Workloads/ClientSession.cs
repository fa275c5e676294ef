using Swarm.Api.Client;
using Swarm.Chaos.Histories;
using Swarm.Chaos.Running;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Chaos.Workloads;

/// <summary>One client: calls one after the other, each through a manager drawn by chance, each recorded. Of one thread at a time.</summary>
public sealed class ClientSession(ClusterAccess cluster, HistoryRecorder history, int number, Dice dice)
{
    /// <summary>A client does not wait longer for an answer; what it asked for may then still be done.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>A manager that did not answer is mostly left alone for so long, so that the clients do not all hang at it.</summary>
    private static readonly TimeSpan Avoidance = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ShortestThought = TimeSpan.FromMilliseconds(4);
    private static readonly TimeSpan LongestThought = TimeSpan.FromMilliseconds(40);

    private readonly Dictionary<string, TimeSpan> _silent = [];

    public int Number => number;

    public Dice Dice => dice;

    public Task ThinkAsync(CancellationToken cancellation) =>
        Task.Delay(dice.Between(ShortestThought, LongestThought), cluster.Time, cancellation);

    /// <summary>Makes the call and records it. Answers what was recorded; never throws for what the cluster did.</summary>
    /// <param name="call">Answers the operation with what was read.</param>
    public async Task<Operation> CallAsync(
        OperationKind kind, string key, Func<Operation, EngineClient, CancellationToken, Task<Operation>> call, CancellationToken stop,
        string? expected = null, string? value = null)
    {
        stop.ThrowIfCancellationRequested();
        var node = Choose();
        var client = cluster.Client(node);
        using var limit = new CancellationTokenSource(Patience, cluster.Time);
        var operation = new Operation
        {
            Client = number,
            Kind = kind,
            Key = key,
            Node = node,
            Expected = expected,
            Value = value,
            Invoked = history.Now,
            Completed = default,
            Outcome = Outcome.Unknown,
        };
        try
        {
            // Not ended by the stop: a call that is under way has its answer recorded.
            operation = (await call(operation, client, limit.Token)) with { Completed = history.Now, Outcome = Outcome.Ok };
        }
        catch (Exception e) when (ClusterAccess.IsNoAnswer(e))
        {
            var outcome = Answers.Classify(e);
            operation = operation with { Completed = history.Now, Outcome = outcome, Error = e.Message };
            if (e is not EngineClientException)
            {
                _silent[node] = history.Now;
            }
        }

        history.Add(operation);
        return operation;
    }

    private string Choose()
    {
        var node = dice.Pick(cluster.Managers);
        return _silent.TryGetValue(node, out var since) && history.Now - since < Avoidance ? dice.Pick(cluster.Managers) : node;
    }
}
