using System.Collections.Concurrent;
using System.Net;
using Swarm.Api.Client;
using Swarm.Chaos.Checkers;
using Swarm.Chaos.Histories;
using Swarm.Chaos.Running;
using Swarm.Chaos.Scenarios;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Chaos.Workloads.Networks;

/// <summary>
/// Services on a network of the cluster with published ports, removed and made anew with each other's names and ports, while clients on every node and outside
/// ask for them in every way; each backend says whose it is. The only workload of its scenario that has containers.
/// </summary>
public sealed class NetworksWorkload(WorkloadSpec spec, ClusterAccess cluster, HistoryRecorder history) : IWorkload
{
    /// <summary>Of the clients that the scenario asks for, one in so many changes services; the others ask.</summary>
    private const int AskersPerChanger = 5;

    /// <summary>Of the questions: for the name or port of a service that was removed, which may be another's by now.</summary>
    private const double GoneShare = 0.25;
    private const double PortShare = 0.3;

    /// <summary>Of the questions from containers: by an address; and of those by a name.</summary>
    private const double AddressShare = 0.2;
    private const double TasksShare = 0.4;

    private static readonly TimeSpan SetUpLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RemovalLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(900);

    private readonly LifeBook _lives = new(spec.Objects);
    private readonly AddressWatch _watch = new(cluster, history);
    private readonly Prober _prober = new(cluster, history);
    private readonly ConcurrentQueue<Probe> _probes = new();
    private int _started;

    /// <summary>And one that watches.</summary>
    public int Clients => spec.Clients + 1;

    public IReadOnlyList<IChecker> Checkers => [new NamesLeadHome(), new BackendsAnswerForThemselves(), new ClientsKeepTheirAddress(), new EverythingIsReached()];

    public async Task SetUpAsync(ClientSession session, CancellationToken cancellation)
    {
        await cluster.AskAsync((client, token) => client.CreateNetworkAsync(NetworkSpecs.NetworkOf(spec.Subnet), token), SetUpLimit, cancellation);
        await cluster.AskAsync((client, token) => client.CreateServiceAsync(NetworkSpecs.Askers(), token), SetUpLimit, cancellation);
        for (var i = 0; i < spec.Objects; i++)
        {
            await MakeAsync(session, cancellation);
        }

        var start = cluster.Time.GetTimestamp();
        while (_watch.Askers.Count < cluster.Nodes.Count())
        {
            if (cluster.Time.GetElapsedTime(start) > SetUpLimit)
            {
                throw new RunException($"only {_watch.Askers.Count} of {cluster.Nodes.Count()} nodes have a container to ask from");
            }

            await session.ThinkAsync(cancellation);
            await _watch.LookAsync(cluster.Client(cluster.Managers[0]), cancellation);
        }
    }

    public Task RunAsync(ClientSession session, CancellationToken stop) => Interlocked.Increment(ref _started) switch
    {
        1 => _watch.RunAsync(session.Dice, stop),
        var number when (number - 2) % AskersPerChanger == 0 => ChangeAsync(session, stop),
        _ => AskAsync(session, stop),
    };

    public async Task<Evidence> FinishAsync(Evidence evidence, CancellationToken cancellation)
    {
        var missing = await new LastLook(cluster, _watch, _prober, _lives).UntilReachedAsync(cancellation);
        return evidence with { Networks = new NetworksState(_lives.Lives, _watch.Sightings, [.. _probes.OrderBy(probe => probe.Invoked)], missing) };
    }

    private async Task ChangeAsync(ClientSession session, CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(session.Dice.Between(ShortestPause, LongestPause), cluster.Time, stop);
            if (_lives.TakeStanding(session.Dice) is { } life)
            {
                await RemoveAsync(session, life, stop);
            }

            await MakeAsync(session, stop);
        }
    }

    /// <summary>One whose answer did not come may be there: it counts as such, and nobody touches it again.</summary>
    private async Task MakeAsync(ClientSession session, CancellationToken stop)
    {
        var life = _lives.Begin(session.Dice, history.Now);
        var replicas = 1 + session.Dice.Next(spec.Replicas);
        var made = await session.CallAsync(
            OperationKind.Start, life.Name,
            async (operation, client, limit) => operation with { Id = (await client.CreateServiceAsync(NetworkSpecs.Servers(life.Name, life.Token, life.Port, replicas), limit)).ID },
            stop, value: life.Token);
        switch (made.Outcome)
        {
            case Outcome.Ok:
                _lives.Stand(life);
                break;
            case Outcome.Failed:
                _lives.Refused(life);
                break;
        }
    }

    /// <summary>Asked for until it is certain: a second try that finds nothing says so as well.</summary>
    private async Task RemoveAsync(ClientSession session, ServiceLife life, CancellationToken stop)
    {
        var start = cluster.Time.GetTimestamp();
        while (cluster.Time.GetElapsedTime(start) < RemovalLimit)
        {
            var removed = await session.CallAsync(
                OperationKind.Remove, life.Name,
                async (operation, client, limit) =>
                {
                    try
                    {
                        await client.RemoveServiceAsync(life.Name, limit);
                    }
                    catch (EngineClientException e) when (e.Status == HttpStatusCode.NotFound)
                    {
                        return operation with { Error = e.Message };
                    }

                    return operation;
                },
                stop, value: life.Token);
            if (removed.Outcome == Outcome.Ok)
            {
                _lives.End(life, removed.Completed);
                return;
            }

            await session.ThinkAsync(stop);
        }
    }

    private async Task AskAsync(ClientSession session, CancellationToken stop)
    {
        var dice = session.Dice;
        while (true)
        {
            await session.ThinkAsync(stop);
            var lives = _lives.Lives.OrderBy(life => life.Until is null).ToList();
            var gone = lives.FindIndex(life => life.Until is null);
            var life = gone > 0 && dice.Chance(GoneShare) ? lives[dice.Next(gone)] : dice.Pick(lives.GetRange(Math.Max(gone, 0), lives.Count - Math.Max(gone, 0)));
            if (dice.Chance(PortShare))
            {
                _probes.Enqueue(await _prober.PortAsync(dice.Pick([.. cluster.Nodes]), life.Port, stop));
            }
            else if (_watch.Askers is { Count: > 0 } askers)
            {
                var from = dice.Pick(askers);
                _probes.Enqueue(dice.Chance(AddressShare) && _watch.Current is { Count: > 0 } addresses
                    ? await _prober.AddressAsync(from, dice.Pick(addresses), stop)
                    : await _prober.NameAsync(dice.Chance(TasksShare) ? ProbeKind.Tasks : ProbeKind.Name, from, life.Name, dice, stop));
            }
        }
    }
}
