using System.Collections.Concurrent;
using Swarm.Api.Client;
using Swarm.Api.Wire;
using Swarm.Lab.Nodes;
using Swarm.Lab.State;
using LabApi = Swarm.Lab.Lab;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Chaos.Running;

/// <summary>The lab and its nodes' APIs, for everything that a run does. Safe from any thread.</summary>
public sealed class ClusterAccess(LabApi lab, TimeProvider time) : IDisposable
{
    /// <summary>A manager that is asked about itself alone answers at once, or hangs.</summary>
    private static readonly TimeSpan SelfLimit = TimeSpan.FromMilliseconds(500);

    /// <summary>One try of <see cref="AskAsync"/>; a manager waits up to five seconds for a leader.</summary>
    private static readonly TimeSpan TryLimit = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<string, EngineClient> _clients = new();

    public LabApi Lab { get; } = lab;

    public TimeProvider Time { get; } = time;

    /// <summary>Names of all nodes that joined as managers, whatever they are now.</summary>
    public IReadOnlyList<string> Managers { get; } = Names(lab, LabRole.Manager);

    public IReadOnlyList<string> Workers { get; } = Names(lab, LabRole.Worker);

    public IEnumerable<string> Nodes => Managers.Concat(Workers);

    public EngineClient Client(string node) => _clients.GetOrAdd(node, Lab.Connect);

    /// <summary>What each running manager says of its own replica; those that do not answer at once are left out.</summary>
    public async Task<IReadOnlyList<(string Node, ConsensusState State)>> ReplicasAsync(bool digest, CancellationToken cancellation)
    {
        var asked = Managers.Select(async node =>
        {
            using var limit = new CancellationTokenSource(digest ? TryLimit : SelfLimit, Time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
            try
            {
                return (node, State: await Client(node).ConsensusAsync(digest, both.Token));
            }
            catch (Exception e) when (IsNoAnswer(e) && !cancellation.IsCancellationRequested)
            {
                return (node, State: (ConsensusState?)null);
            }
        });
        return [.. (await Task.WhenAll(asked)).Where(a => a.State is not null).Select(a => (a.node, a.State!))];
    }

    /// <summary>The manager that says it leads, in the latest term; null if none does.</summary>
    public async Task<string?> LeaderAsync(CancellationToken cancellation) =>
        (await ReplicasAsync(digest: false, cancellation)).Where(r => r.State.IsLeader).OrderByDescending(r => r.State.Term).Select(r => r.Node).FirstOrDefault();

    /// <summary>Asks the managers in turn, again and again, until one answers.</summary>
    /// <param name="limit">For all tries together.</param>
    /// <exception cref="TimeoutException">None did; with the last refusal.</exception>
    public async Task<T> AskAsync<T>(Func<EngineClient, CancellationToken, Task<T>> ask, TimeSpan limit, CancellationToken cancellation, params string[] except)
    {
        var start = Time.GetTimestamp();
        var last = "no manager runs";
        while (Time.GetElapsedTime(start) < limit)
        {
            foreach (var node in Managers.Where(n => !except.Contains(n) && Lab.Condition(n) == NodeCondition.Running))
            {
                using var tried = new CancellationTokenSource(TryLimit, Time);
                using var both = CancellationTokenSource.CreateLinkedTokenSource(tried.Token, cancellation);
                try
                {
                    return await ask(Client(node), both.Token);
                }
                catch (Exception e) when (IsNoAnswer(e) && !cancellation.IsCancellationRequested)
                {
                    last = $"{node}: {e.Message}";
                }
            }

            await Task.Delay(AskAgain, Time, cancellation);
        }

        throw new TimeoutException($"no manager answered within {limit.TotalSeconds:0} s; the last refusal: {last}");
    }

    public static bool IsNoAnswer(Exception e) =>
        e is EngineClientException or EngineUnreachableException or OperationCanceledException or System.Text.Json.JsonException;

    public void Dispose()
    {
        foreach (var client in _clients.Values)
        {
            client.Dispose();
        }
    }

    private static List<string> Names(LabApi lab, LabRole role) => [.. lab.Record.Nodes.Where(n => n.Role == role).Select(n => n.Name)];
}
