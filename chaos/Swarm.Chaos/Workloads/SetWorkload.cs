using Swarm.Chaos.Checkers;
using Swarm.Chaos.Histories;
using Swarm.Chaos.Running;
using Swarm.Chaos.Scenarios;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Chaos.Workloads;

/// <summary>Services without replicas under names that are used once, and lists of them: what is in must stay, what is out must not appear.</summary>
public sealed class SetWorkload(WorkloadSpec spec, ClusterAccess cluster) : IWorkload
{
    private const string Label = "set";

    /// <summary>Creates of one client between two of its lists.</summary>
    private const int CreatesPerList = 20;

    private static readonly TimeSpan LastListLimit = TimeSpan.FromSeconds(20);

    public int Clients => spec.Clients;

    public IReadOnlyList<IChecker> Checkers => [new NothingLost(cluster.Managers.Count), new NothingInvented()];

    public Task SetUpAsync(ClientSession session, CancellationToken cancellation) => Task.CompletedTask;

    public async Task RunAsync(ClientSession session, CancellationToken stop)
    {
        for (var n = 1; ; n++)
        {
            await session.ThinkAsync(stop);
            var name = $"set-{session.Number}-{n}";
            await session.CallAsync(
                OperationKind.Create, name,
                async (operation, client, limit) => operation with { Id = (await client.CreateServiceAsync(Specs.Sleepers(name, Label, 0), limit)).ID },
                stop);
            if (n % CreatesPerList == 0)
            {
                await session.CallAsync(
                    OperationKind.List, "",
                    async (operation, client, limit) => operation with { Listed = Listed(await client.ServicesAsync(limit, Specs.Only(Label))) },
                    stop);
            }
        }
    }

    public async Task<Evidence> FinishAsync(Evidence evidence, CancellationToken cancellation)
    {
        var lists = new List<FinalList>();
        foreach (var node in cluster.Managers)
        {
            var others = cluster.Managers.Where(m => m != node).ToArray();
            try
            {
                lists.Add(new FinalList(
                    node, Listed(await cluster.AskAsync((client, limit) => client.ServicesAsync(limit, Specs.Only(Label)), LastListLimit, cancellation, others))));
            }
            catch (TimeoutException)
            {
                // A manager that does not answer is what the convergence reports; the lists of the others are judged.
            }
        }

        return evidence with { FinalLists = lists };
    }

    private static List<ListedObject> Listed(IEnumerable<Api.Wire.Service> services) => [.. services.Select(s => new ListedObject(s.Spec?.Name ?? "", s.ID))];
}
