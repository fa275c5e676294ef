using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Linux;
using Swarm.Model;
using Swarm.Networking.Bridge;
using Swarm.Networking.Netlink;

namespace Swarm.Networking.Tests.Overlay;

/// <summary>Hosts of a cluster and an outside machine at one switch, all of it namespaces of one test; what a manager would send is made by hand.</summary>
public sealed class Cluster : IAsyncDisposable
{
    public const string ClientAddress = "192.0.2.100", ClientAddress6 = "2001:db8::100";

    private readonly Namespaces namespaces = new();
    private readonly List<Process> processes = [];
    private readonly Dictionary<string, BridgeNetworks> daemons = [];
    private int starts;

    private Cluster(int hosts)
    {
        var wires = namespaces.Add("wires");
        using var route = RouteSocket.In(wires);
        route.AddBridge("switch");
        route.SetUp("switch");
        Client = Plug("client", ClientAddress, ClientAddress6);
        for (var number = 1; number <= hosts; number++)
        {
            Hosts[$"h{number}"] = Plug($"h{number}", $"192.0.2.{number}", $"2001:db8::{number}");
        }

        NetworkNamespace Plug(string name, string address, string address6)
        {
            var ns = namespaces.Add(name);
            route.AddVeth(new VethPair(name, route.FindLink("switch")!.Index, 0, "up0", null), ns);
            using var inside = RouteSocket.In(ns);
            inside.SetUp("lo");
            inside.SetUp("up0");
            inside.AddAddress("up0", IPAddress.Parse(address), 24);
            inside.AddAddress("up0", IPAddress.Parse(address6), 64);
            return ns;
        }
    }

    public NetworkNamespace Client { get; }

    public SortedDictionary<string, NetworkNamespace> Hosts { get; } = [];

    public TableMaker Tables { get; } = new();

    /// <param name="prepare">Before any host knows of a network.</param>
    public static async Task<Cluster> StartAsync(int hosts, Action<TableMaker>? prepare = null)
    {
        var cluster = new Cluster(hosts);
        try
        {
            prepare?.Invoke(cluster.Tables);
            foreach (var host in cluster.Hosts.Keys)
            {
                cluster.Tables.AddNode(host);
                await cluster.RestartAsync(host);
            }

            await cluster.ApplyAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public BridgeNetworks Daemon(string host) => daemons[host];

    public string RunFolder(string host) => Path.Combine(namespaces.Folder, "run-" + host);

    /// <summary>The daemon ends as by a kill (its containers stay) and starts again.</summary>
    /// <param name="between">While no daemon runs.</param>
    public async Task RestartAsync(string host, Action? between = null)
    {
        if (daemons.Remove(host, out var before))
        {
            await before.DisposeAsync();
        }

        between?.Invoke();
        daemons[host] = await BridgeNetworks.StartAsync(
            new BridgeOptions(RunFolder(host), host), Hosts[host], TimeProvider.System, new Random(++starts), NullLoggerFactory.Instance, default);
    }

    /// <summary>Every host has what the tables say now.</summary>
    public async Task ApplyAsync()
    {
        foreach (var host in daemons.Keys)
        {
            await ApplyAsync(host);
        }
    }

    public Task ApplyAsync(string host) => daemons[host].ApplyAsync(host, Tables.Now(), default);

    /// <summary>A container of a service on the network and, where the service publishes, on the one for that; it is in the tables when this returns.</summary>
    public async Task RunAsync(string host, string task, string service = "", bool serves = true)
    {
        Tables.AddTask(host, task, service, serves);
        await ApplyAsync();
        await AttachAsync(host, task);
    }

    /// <summary>A container of a task that is in the tables.</summary>
    public Task AttachAsync(string host, string task) =>
        daemons[host].AttachAsync(
            new SandboxRequest(task, task, [.. Tables.PlacesOf(task).Select(place => new EndpointRequest(place.NetworkId)
            {
                Address = place.Addresses.FirstOrDefault(address => !address.ToString().Contains(':')),
                Address6 = place.Addresses.FirstOrDefault(address => address.ToString().Contains(':')),
            })], []),
            default);

    public NetworkNamespace Open(string host, string container) => NetworkNamespace.Open(daemons[host].NamespacePath(container));

    /// <summary>A server in a container that says to each connection its name and who asks, then keeps it until the client hangs up.</summary>
    public void Serve(string host, string container, int port)
    {
        using var ns = Open(host, container);
        Start(ns, $"TCP-LISTEN:{port},fork,reuseaddr", $"SYSTEM:echo {container} $SOCAT_PEERADDR; cat");
        Start(ns, $"TCP6-LISTEN:{port},fork,reuseaddr,ipv6only=1", $"SYSTEM:echo {container} $SOCAT_PEERADDR; cat");
    }

    public void ServeDatagrams(string host, string container, int port)
    {
        using var ns = Open(host, container);
        // One that does not read may have ended before socat hands it the question, who then gives up on the answer.
        Start(ns, $"UDP-LISTEN:{port},fork,reuseaddr", $"SYSTEM:read question; echo {container} $SOCAT_PEERADDR");
        Start(ns, $"UDP6-LISTEN:{port},fork,reuseaddr,ipv6only=1", $"SYSTEM:read question; echo {container} $SOCAT_PEERADDR");
        while (Shell(ns, $"ss -Hlun 'sport = :{port}'").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length < 2)
        {
            Assert.False(processes[^1].HasExited); // it says that it listens before it does
        }
    }

    /// <summary>A connection that stays.</summary>
    public Process Hold(string host, string container, string address, int port)
    {
        using var ns = Open(host, container);
        var process = ns.Start(new ProcessStartInfo("socat", ["-", $"TCP:{address}:{port},connect-timeout=2"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true });
        processes.Add(process);
        return process;
    }

    /// <summary>What a server says first; empty when nothing answers.</summary>
    public string Ask(string host, string container, string address, int port)
    {
        using var ns = Open(host, container);
        return Ask(ns, address, port);
    }

    public static string Ask(NetworkNamespace from, string address, int port) => Run(from, $"TCP:{(address.Contains(':') ? $"[{address}]" : address)}:{port},connect-timeout=2");

    public static string AskByDatagram(NetworkNamespace from, string address, int port) => Run(from, $"UDP:{(address.Contains(':') ? $"[{address}]" : address)}:{port}");

    public static string Shell(NetworkNamespace ns, string command)
    {
        using var process = ns.Start(new ProcessStartInfo("/bin/sh", ["-c", command + " 2>&1"]) { RedirectStandardOutput = true });
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return text;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var daemon in daemons.Values)
        {
            await daemon.DisposeAsync();
        }

        foreach (var process in processes)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }

        namespaces.Dispose();
    }

    private void Start(NetworkNamespace ns, string listen, string answer)
    {
        var process = ns.Start(new ProcessStartInfo("socat", ["-d", "-d", listen, answer]) { RedirectStandardError = true });
        processes.Add(process);
        while (process.StandardError.ReadLine() is { } line)
        {
            if (line.Contains("listening on"))
            {
                _ = process.StandardError.ReadToEndAsync(); // keeps its pipe from filling
                return;
            }
        }

        throw new InvalidOperationException($"socat {listen} ended");
    }

    private static string Run(NetworkNamespace from, string address)
    {
        using var process = from.Start(new ProcessStartInfo("/bin/sh", ["-c", $"echo | timeout 4 socat -t2 -T2 - {address}"]) { RedirectStandardOutput = true, RedirectStandardError = true });
        var text = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return text.Split('\n')[0];
    }
}
