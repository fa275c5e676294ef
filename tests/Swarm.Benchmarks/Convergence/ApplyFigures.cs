using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Linux;
using Swarm.Model;
using Swarm.Networking.Bridge;
using Swarm.Networking.Netlink;

namespace Swarm.Benchmarks.Convergence;

/// <summary>
/// One node's part of a change of a network with 100 services and 1,000 tasks, of which 200 are its own: what it costs in processor time, which another load on the
/// machine changes less than the time that it takes. Just-in-time compiled. Needs root.
/// </summary>
internal static class ApplyFigures
{
    private const string Id = "appnetwork123456789012345", Own = "node1";
    private const int Services = 100, TasksOfEach = 10, Nodes = 5, Changes = 100;

    public static async Task MeasureAsync(int runs, Figures figures)
    {
        var folder = RunFolder.Make();
        var file = Path.Combine(folder, "host.netns");
        using (var host = NetworkNamespace.Create(file))
        {
            using (var route = RouteSocket.In(host))
            {
                route.SetUp("lo");
            }

            var networks = await BridgeNetworks.StartAsync(
                new BridgeOptions(Path.Combine(folder, "node"), Own), host, TimeProvider.System, new Random(1), NullLoggerFactory.Instance, CancellationToken.None);
            try
            {
                await MeasureAsync(networks, runs, figures);
            }
            finally
            {
                await networks.TeardownAsync(CancellationToken.None);
                await networks.DisposeAsync();
            }
        }

        NetworkNamespace.Delete(file);
        Directory.Delete(folder, recursive: true);
    }

    private static async Task MeasureAsync(BridgeNetworks networks, int runs, Figures figures)
    {
        var table = Table();
        await ApplyAsync(networks, table);
        var watch = Stopwatch.StartNew();
        foreach (var (task, endpoint) in table.Endpoints.Where(pair => pair.Value.NodeId == Own))
        {
            await networks.AttachAsync(new SandboxRequest(task, task, [new EndpointRequest(Id) { Address = IpAddresses.OfCidr(endpoint.Addresses[0]) }], []), CancellationToken.None);
        }

        figures.Add("one of 200 containers attached to a network with 100 services and 1,000 tasks", "", "", [watch.Elapsed.TotalMilliseconds / (Services * TasksOfEach / Nodes)], "ms");
        for (var round = 0; round <= runs; round++)
        {
            var (times, before) = (new List<double>(), Process.GetCurrentProcess());
            var (user, system) = (before.UserProcessorTime, before.PrivilegedProcessorTime);
            for (var change = 0; change < Changes; change++)
            {
                var task = table.Endpoints.Keys.ElementAt(change * 7 % table.Endpoints.Count);
                var endpoint = table.Endpoints[task];
                table = table with { Index = table.Index + 1, Endpoints = table.Endpoints.SetItem(task, endpoint with { IsServing = !endpoint.IsServing }) };
                watch.Restart();
                await ApplyAsync(networks, table);
                times.Add(watch.Elapsed.TotalMilliseconds);
            }

            var after = Process.GetCurrentProcess();
            if (round > 0) // before it, the code is compiled
            {
                figures.Add("one change of a task applied by a node with 200 containers", "", "", times, "ms");
                figures.Add("its processor time, outside of the kernel", "", "", [(after.UserProcessorTime - user).TotalMilliseconds / Changes], "ms");
                figures.Add("its processor time, in the kernel", "", "", [(after.PrivilegedProcessorTime - system).TotalMilliseconds / Changes], "ms");
            }
        }
    }

    private static Task ApplyAsync(BridgeNetworks networks, NetworkTable table) =>
        networks.ApplyAsync(Own, ImmutableDictionary<string, NetworkTable>.Empty.Add(Id, table), CancellationToken.None);

    private static NetworkTable Table()
    {
        var table = new NetworkTable
        {
            Index = 1,
            Network = new Network { Id = Id, Annotations = new Annotations { Name = "app" }, Vni = 4097, Pools = [new NetworkPool { Subnet = "10.64.0.0/20", Gateway = "10.64.0.1" }] },
            Peers = ImmutableSortedDictionary<string, NetworkPeer>.Empty.AddRange(
                Enumerable.Range(1, Nodes).Select(number => KeyValuePair.Create(Name("node", number), new NetworkPeer { Address = Name("192.0.2.", number) }))),
        };
        var given = 1u;
        for (var number = 1; number <= Services; number++)
        {
            var service = Name("service", number);
            table = table with { Services = table.Services.SetItem(service, new NetworkService { Names = [service], VirtualIps = [Next().ToString()] }) };
            for (var slot = 1; slot <= TasksOfEach; slot++)
            {
                var task = string.Create(CultureInfo.InvariantCulture, $"task{number}-{slot}");
                table = table with
                {
                    Endpoints = table.Endpoints.SetItem(task, new NetworkEndpoint
                    {
                        NodeId = Name("node", 1 + (slot % Nodes)), Addresses = [$"{Next()}/20"], Names = [task], ServiceId = service, IsServing = true,
                    }),
                };
            }
        }

        return table;

        IPAddress Next() => new([10, 64, (byte)(++given >> 8), (byte)given]);
        static string Name(string prefix, int number) => prefix + number.ToString(CultureInfo.InvariantCulture);
    }
}
