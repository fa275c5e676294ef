using System.Collections.Concurrent;
using Swarm.Api.Wire;
using Swarm.Chaos.Checkers;
using Swarm.Chaos.Histories;
using Swarm.Chaos.Running;
using Swarm.Chaos.Scenarios;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Chaos.Workloads;

/// <summary>Services with containers, scaled up and down, removed and made anew; in the end what runs must be what is wanted.</summary>
public sealed class ServicesWorkload(WorkloadSpec spec, ClusterAccess cluster) : IWorkload
{
    private const string Label = "services";
    private const string ServiceNameLabel = "com.docker.swarm.service.name";
    private const string TaskIdLabel = "com.docker.swarm.task.id";
    private const double RemoveShare = 0.1;

    /// <summary>Containers start and stop within this on a busy machine, once the cluster is whole.</summary>
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan SetUpLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    /// <summary>Between two changes of one client: containers must come and go meanwhile.</summary>
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(800);

    /// <summary>Null: being replaced, by the one client that took it out.</summary>
    private readonly ConcurrentDictionary<int, string?> _names = new();
    private readonly ConcurrentDictionary<string, byte> _removed = new();

    public int Clients => spec.Clients;

    public IReadOnlyList<IChecker> Checkers => [new TasksAsWanted()];

    public async Task SetUpAsync(ClientSession session, CancellationToken cancellation)
    {
        var start = cluster.Time.GetTimestamp();
        for (var i = 1; i <= spec.Objects; i++)
        {
            for (var attempt = 1; _names.GetValueOrDefault(i) is null; attempt++)
            {
                // A name of its own for every try: one whose answer was late may be there as well, and is then wanted, too.
                var name = $"service-{i}-try-{attempt}";
                var made = await MakeAsync(session, name, cancellation);
                _names[i] = made.Outcome == Outcome.Ok ? name : null;
                if (_names[i] is null && cluster.Time.GetElapsedTime(start) > SetUpLimit)
                {
                    throw new RunException($"a service could not be made on a cluster that is whole: {made.Error}");
                }
            }
        }
    }

    public async Task RunAsync(ClientSession session, CancellationToken stop)
    {
        for (var n = 1; ; n++)
        {
            await Task.Delay(session.Dice.Between(ShortestPause, LongestPause), cluster.Time, stop);
            var number = 1 + session.Dice.Next(spec.Objects);
            if (_names[number] is not { } name)
            {
                continue;
            }

            if (!session.Dice.Chance(RemoveShare))
            {
                await ScaleAsync(session, name, stop);
            }
            else if (_names.TryUpdate(number, null, name))
            {
                await RemoveAsync(session, name, stop);
                _names[number] = await SucceedAsync(session, $"service-{number}-{session.Number}-{n}", stop);
            }
        }
    }

    /// <summary>Tries until there is one, so that something is wanted in the end. Each try has a name of its own, as at the start.</summary>
    private async Task<string> SucceedAsync(ClientSession session, string prefix, CancellationToken stop)
    {
        for (var attempt = 1; ; attempt++)
        {
            var name = $"{prefix}-try-{attempt}";
            if ((await MakeAsync(session, name, stop)).Outcome == Outcome.Ok)
            {
                return name;
            }

            await Task.Delay(ShortestPause, cluster.Time, stop);
        }
    }

    public async Task<Evidence> FinishAsync(Evidence evidence, CancellationToken cancellation)
    {
        var start = cluster.Time.GetTimestamp();
        while (true)
        {
            ServicesState? state = null;
            try
            {
                state = await LookAsync(cancellation);
            }
            catch (Exception e) when (e is TimeoutException || (ClusterAccess.IsNoAnswer(e) && !cancellation.IsCancellationRequested))
            {
                // A node that does not answer yet is asked again, until the limit.
            }

            evidence = evidence with { Services = state ?? evidence.Services };
            if ((state is not null && new TasksAsWanted().Check(evidence).Verdict == Verdict.Held) || cluster.Time.GetElapsedTime(start) > SettleLimit)
            {
                return evidence;
            }

            await Task.Delay(LookAgain, cluster.Time, cancellation);
        }
    }

    private Task<Operation> MakeAsync(ClientSession session, string name, CancellationToken stop) => session.CallAsync(
        OperationKind.Start, name,
        async (operation, client, limit) =>
            operation with { Id = (await client.CreateServiceAsync(Specs.Sleepers(name, Label, (ulong)session.Dice.Next(spec.Replicas + 1)), limit)).ID },
        stop);

    private async Task ScaleAsync(ClientSession session, string name, CancellationToken stop)
    {
        var replicas = (ulong)session.Dice.Next(spec.Replicas + 1);
        await session.CallAsync(
            OperationKind.Scale, name,
            async (operation, client, limit) =>
            {
                var service = await client.ServiceAsync(name, limit);
                var mode = new ServiceMode { Replicated = new ReplicatedService { Replicas = replicas } };
                await client.UpdateServiceAsync(service.ID, service.Version!.Index, service.Spec! with { Mode = mode }, limit);
                return operation with { Value = replicas.ToString(null, null) };
            },
            stop);
    }

    private async Task RemoveAsync(ClientSession session, string name, CancellationToken stop)
    {
        var removed = await session.CallAsync(
            OperationKind.Remove, name,
            async (operation, client, limit) =>
            {
                await client.RemoveServiceAsync(name, limit);
                return operation;
            },
            stop);
        if (removed.Outcome == Outcome.Ok)
        {
            _removed[name] = 0;
        }
    }

    private async Task<ServicesState> LookAsync(CancellationToken cancellation)
    {
        var limit = ClientSession.Patience;
        var services = await cluster.AskAsync((client, token) => client.ServicesAsync(token, Specs.Only(Label)), limit, cancellation);
        var tasks = await cluster.AskAsync((client, token) => client.TasksAsync(token, new KeyValuePair<string, string>("desired-state", "running")), limit, cancellation);
        var containers = new List<SeenContainer>();
        foreach (var node in cluster.Nodes)
        {
            using var patience = new CancellationTokenSource(limit, cluster.Time);
            var seen = await cluster.Client(node).ContainersAsync(all: false, patience.Token, new KeyValuePair<string, string>("label", ServiceNameLabel));
            containers.AddRange(seen.Select(c => new SeenContainer(node, c.Labels[ServiceNameLabel], c.Labels[TaskIdLabel])));
        }

        return new ServicesState(
            [.. services.Select(s => new WantedService(s.Spec?.Name ?? "", s.ID, s.Spec?.Mode?.Replicated?.Replicas ?? 0))],
            [.. tasks.Where(t => t.Status?.State == "running").Select(t => new SeenTask(t.ID, t.ServiceID ?? "", t.Slot ?? 0, t.NodeID ?? ""))],
            containers,
            [.. _removed.Keys]);
    }
}
