using System.Collections.Concurrent;
using System.Net;
using Swarm.Api.Client;
using Swarm.Api.Wire;
using Swarm.Chaos.Checkers;
using Swarm.Chaos.Histories;
using Swarm.Chaos.Running;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Chaos.Workloads.Networks;

/// <summary>Reads again and again whose address is whose, and where the asking containers are. One loop writes; others read.</summary>
internal sealed class AddressWatch(ClusterAccess cluster, HistoryRecorder history)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly HashSet<string> Ended = ["complete", "shutdown", "failed", "rejected", "remove", "orphaned"];

    private readonly ConcurrentDictionary<(string Address, string Holder), AddressSighting> _seen = new();
    private volatile IReadOnlyList<(string Node, int Pid)> _askers = [];
    private volatile IReadOnlyList<string> _current = [];
    private Dictionary<string, string> _nodes = [];

    public IReadOnlyList<AddressSighting> Sightings => [.. _seen.Values];

    /// <summary>Running containers to ask from: the node, and the container's first process.</summary>
    public IReadOnlyList<(string Node, int Pid)> Askers => _askers;

    /// <summary>Addresses that were somebody's when it was looked last.</summary>
    public IReadOnlyList<string> Current => _current;

    /// <summary>Until cancelled.</summary>
    public async Task RunAsync(Dice dice, CancellationToken stop)
    {
        while (true)
        {
            await LookAsync(cluster.Client(dice.Pick(cluster.Managers)), stop);
            await Task.Delay(Interval, cluster.Time, stop);
        }
    }

    /// <summary>Asks one manager; one that does not answer is another time's.</summary>
    public async Task LookAsync(EngineClient manager, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(Patience, cluster.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
        try
        {
            if (_nodes.Count == 0)
            {
                _nodes = (await manager.NodesAsync(both.Token)).ToDictionary(node => node.ID, node => node.Description?.Hostname ?? node.ID);
            }

            var asked = history.Now;
            var services = await manager.ServicesAsync(both.Token, Specs.Only(NetworkSpecs.Label));
            var tasksAsked = history.Now;
            var tasks = await manager.TasksAsync(both.Token);
            Take(services, asked, tasksAsked, tasks, tasksAsked, history.Now);
        }
        catch (Exception e) when (ClusterAccess.IsNoAnswer(e) && !stop.IsCancellationRequested)
        {
            // What is not seen is not held against anybody.
        }
    }

    private void Take(IReadOnlyList<Service> services, TimeSpan asked, TimeSpan answered, IReadOnlyList<TaskInspect> tasks, TimeSpan tasksAsked, TimeSpan tasksAnswered)
    {
        var tokens = services.ToDictionary(service => service.ID, service => service.Spec!.Labels![Specs.Value]!);
        var current = new List<string>();
        foreach (var service in services)
        {
            foreach (var address in VirtualAddresses(service))
            {
                See(address, service.ID, tokens[service.ID], asked, answered, isVirtual: true);
                current.Add(address);
            }
        }

        foreach (var task in tasks.Where(task => !Ended.Contains(task.Status?.State ?? "") && tokens.ContainsKey(task.ServiceID ?? "")))
        {
            foreach (var address in Addresses(task))
            {
                See(address, task.ID, tokens[task.ServiceID!], tasksAsked, tasksAnswered, isVirtual: false);
                current.Add(address);
            }
        }

        _current = current;
        _askers = [.. tasks.Where(task => task is { Status: { State: "running", ContainerStatus.PID: > 0 }, DesiredState: "running" } && task.Name?.StartsWith(NetworkSpecs.Clients + ".", StringComparison.Ordinal) == true)
            .Select(task => (_nodes.GetValueOrDefault(task.NodeID ?? "", ""), task.Status!.ContainerStatus!.PID))];
    }

    private void See(string address, string holder, string token, TimeSpan asked, TimeSpan answered, bool isVirtual) => _seen.AddOrUpdate(
        (address, holder), _ => new AddressSighting(address, token, answered, asked, isVirtual), (_, before) => before with { Last = asked });

    /// <summary>Of the workload's network.</summary>
    public static IEnumerable<string> Addresses(TaskInspect task) =>
        (task.NetworksAttachments ?? []).Where(place => place.Network?.Spec?.Name == NetworkSpecs.Network).SelectMany(place => place.Addresses ?? []).Select(WithoutPrefix);

    /// <summary>Of the workload's network and, if there is one there, of the ingress network.</summary>
    public static IEnumerable<string> VirtualAddresses(Service service) =>
        (service.Endpoint?.VirtualIPs ?? []).Select(one => one.Addr ?? "").Where(address => address.Length > 0).Select(WithoutPrefix);

    private static string WithoutPrefix(string cidr) => IPAddress.Parse(cidr.Split('/')[0]).ToString();
}
