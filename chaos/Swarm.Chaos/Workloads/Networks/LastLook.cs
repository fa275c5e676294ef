using Swarm.Api.Wire;
using Swarm.Chaos.Checkers;
using Swarm.Chaos.Histories;
using Swarm.Chaos.Running;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Chaos.Workloads.Networks;

/// <summary>Looks, once the cluster is whole, whether every way from everywhere leads where it should, and nowhere where nobody is.</summary>
internal sealed class LastLook(ClusterAccess cluster, AddressWatch watch, Prober prober, LifeBook lives)
{
    private const string Ingress = "ingress";

    /// <summary>Containers start within this on a busy machine, once the cluster is whole.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(300);

    private readonly Dice _dice = Dice.For(1, "the last look");

    /// <returns>What is missing at the end of the time; empty: nothing. Null: no manager could be asked.</returns>
    public async Task<IReadOnlyList<string>?> UntilReachedAsync(CancellationToken cancellation)
    {
        var start = cluster.Time.GetTimestamp();
        IReadOnlyList<string>? missing = null;
        while (true)
        {
            try
            {
                missing = await LookAsync(cancellation);
            }
            catch (Exception e) when (e is TimeoutException || (ClusterAccess.IsNoAnswer(e) && !cancellation.IsCancellationRequested))
            {
                // A manager that does not answer yet is asked again, until the limit.
            }

            if (missing is { Count: 0 } || cluster.Time.GetElapsedTime(start) > Limit)
            {
                return missing;
            }

            await Task.Delay(LookAgain, cluster.Time, cancellation);
        }
    }

    private async Task<IReadOnlyList<string>> LookAsync(CancellationToken cancellation)
    {
        await watch.LookAsync(cluster.Client(cluster.Managers[0]), cancellation);
        var services = await cluster.AskAsync((client, token) => client.ServicesAsync(token, Specs.Only(NetworkSpecs.Label)), Patience, cancellation);
        var tasks = await cluster.AskAsync((client, token) => client.TasksAsync(token, new KeyValuePair<string, string>("desired-state", "running")), Patience, cancellation);
        var missing = new List<string>(cluster.Nodes.Except(watch.Askers.Select(asker => asker.Node)).Select(node => $"{node} has no container to ask from"));
        foreach (var service in services)
        {
            var own = tasks.Where(task => task.ServiceID == service.ID && task.Status?.State == "running").ToList();
            var wanted = service.Spec!.Mode!.Replicated!.Replicas;
            missing.AddRange((ulong)own.Count == wanted ? [] : [$"{service.Spec.Name} wants {wanted} tasks, and {own.Count} run"]);
            await WaysToAsync(service, own, missing, cancellation);
        }

        await ByPortAsync(services, missing, cancellation);
        await NobodyAsync(services, missing, cancellation);
        if (missing.Count == 0)
        {
            foreach (var network in (string[])[NetworkSpecs.Network, Ingress])
            {
                var checks = await cluster.AskAsync((client, token) => client.CheckNetworkAsync(network, token), Patience, cancellation);
                missing.AddRange(checks.SelectMany(check => check.Differences.Select(difference => $"network {network} on node {check.NodeID}: {difference}")));
            }
        }

        return missing;
    }

    private async Task WaysToAsync(Service service, List<TaskInspect> tasks, List<string> missing, CancellationToken cancellation)
    {
        var (name, token) = (service.Spec!.Name!, service.Spec.Labels![Specs.Value]!);
        var virtuals = AddressWatch.VirtualAddresses(service).ToHashSet();
        var addresses = tasks.SelectMany(AddressWatch.Addresses).Order(StringComparer.Ordinal).ToList();
        foreach (var asker in watch.Askers)
        {
            var byName = await prober.NameAsync(ProbeKind.Name, asker, name, _dice, cancellation);
            Note(byName, token, missing);
            missing.AddRange(byName.Addresses is [var one] && virtuals.Contains(one) ? [] : [$"{byName}: {string.Join(" ", virtuals)} was meant"]);
            var byTasks = await prober.NameAsync(ProbeKind.Tasks, asker, name, _dice, cancellation);
            missing.AddRange(byTasks.Addresses?.Order(StringComparer.Ordinal).SequenceEqual(addresses) == true ? [] : [$"{byTasks}: {string.Join(" ", addresses)} were meant"]);
            foreach (var address in addresses)
            {
                Note(await prober.AddressAsync(asker, address, cancellation), token, missing);
            }
        }
    }

    private async Task ByPortAsync(IReadOnlyList<Service> services, List<string> missing, CancellationToken cancellation)
    {
        var published = services.ToDictionary(service => (int)service.Endpoint!.Ports![0].PublishedPort!.Value, service => service.Spec!.Labels![Specs.Value]);
        foreach (var port in published.Keys.Union(lives.Lives.Select(life => life.Port)).Order())
        {
            foreach (var node in cluster.Nodes)
            {
                Note(await prober.PortAsync(node, port, cancellation), published.GetValueOrDefault(port), missing);
            }
        }
    }

    private async Task NobodyAsync(IReadOnlyList<Service> services, List<string> missing, CancellationToken cancellation)
    {
        // Names that nobody has are somebody else's to answer, upstream, who may not.
        var asked = lives.Lives.Select(life => life.Name).Distinct().Except(services.Select(service => service.Spec!.Name!))
            .SelectMany(name => watch.Askers.Select(asker => prober.NameAsync(ProbeKind.Name, asker, name, Dice.For(asker.Pid, name), cancellation)));
        missing.AddRange((await Task.WhenAll(asked)).Where(probe => probe.Addresses is { Count: > 0 }).Select(probe => $"{probe}: nobody is called so"));
    }

    /// <param name="token">Null: nobody should answer.</param>
    private static void Note(Probe probe, string? token, List<string> missing)
    {
        if (probe.Answer?.Service != token)
        {
            missing.Add($"{probe}: {probe.Error}{(token is null ? " nobody was meant" : $" {token} was meant")}");
        }
    }
}
