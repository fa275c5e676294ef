using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Linux;
using Swarm.Networking.Bridge;
using Swarm.Networking.Netlink;

namespace Swarm.Networking.Tests;

/// <summary>A host with a bridge network and, across a link, an outside machine. All of it namespaces of one test.</summary>
public sealed class Topology : IAsyncDisposable
{
    public const string HostAddress = "192.0.2.1", SecondHostAddress = "192.0.2.11", OutsideAddress = "192.0.2.2";

    private readonly Namespaces namespaces = new();
    private readonly List<Process> processes = [];

    private int starts;

    private Topology()
    {
        Host = namespaces.Add("host");
        Outside = namespaces.Add("outside");
        using var host = RouteSocket.In(Host);
        using var outside = RouteSocket.In(Outside);
        host.AddVeth(new VethPair("up0", 0, 0, "up0", null), Outside);
        host.SetUp("lo");
        outside.SetUp("lo");
        outside.SetUp("up0");
        host.AddAddress("up0", IPAddress.Parse(HostAddress), 24);
        host.AddAddress("up0", IPAddress.Parse(SecondHostAddress), 24);
        outside.AddAddress("up0", IPAddress.Parse(OutsideAddress), 24);
        Options = new BridgeOptions(Path.Combine(namespaces.Folder, "run"), "node-1");
    }

    public NetworkNamespace Host { get; }

    public NetworkNamespace Outside { get; }

    public BridgeOptions Options { get; set; }

    public BridgeNetworks Bridge { get; private set; } = null!;

    public static async Task<Topology> StartAsync(Func<BridgeOptions, BridgeOptions>? configure = null)
    {
        var topology = new Topology();
        try
        {
            topology.Options = configure?.Invoke(topology.Options) ?? topology.Options;
            await topology.RestartAsync();
            return topology;
        }
        catch
        {
            await topology.DisposeAsync();
            throw;
        }
    }

    /// <summary>The daemon ends (leaving the containers) and starts again.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        Bridge = await BridgeNetworks.StartAsync(Options, Host, TimeProvider.System, new Random(++starts), NullLoggerFactory.Instance, default);
    }

    public async Task StopAsync()
    {
        if (Bridge is not null)
        {
            await Bridge.DisposeAsync();
        }
    }

    public NetworkNamespace Open(string containerId) => NetworkNamespace.Open(Bridge.NamespacePath(containerId));

    /// <summary>A server that answers every connection with its name and the address that it sees; listening when this returns.</summary>
    public void Serve(NetworkNamespace ns, int port, string name) => Listen(ns, $"TCP-LISTEN:{port},fork,reuseaddr", name);

    /// <inheritdoc cref="Serve(NetworkNamespace, int, string)"/>
    public void Serve6(NetworkNamespace ns, int port, string name) => Listen(ns, $"TCP6-LISTEN:{port},fork,reuseaddr,ipv6only=1", name);

    private void Listen(NetworkNamespace ns, string listen, string name)
    {
        var process = ns.Start(new ProcessStartInfo("socat", ["-d", "-d", listen, $"SYSTEM:echo {name} $SOCAT_PEERADDR"])
        {
            RedirectStandardError = true,
        });
        processes.Add(process);
        while (process.StandardError.ReadLine() is { } line)
        {
            if (line.Contains("listening on"))
            {
                _ = process.StandardError.ReadToEndAsync(); // keeps its pipe from filling
                return;
            }
        }

        throw new InvalidOperationException($"socat {name} ended");
    }

    public void Serve(string containerId, int port)
    {
        using var ns = Open(containerId);
        Serve(ns, port, containerId);
    }

    /// <summary>What a server answers; empty when nothing does within two seconds.</summary>
    public static string Ask(NetworkNamespace from, string address, int port)
    {
        using var process = from.Start(new ProcessStartInfo("socat", ["-u", $"TCP:{address}:{port},connect-timeout=2", "-"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });
        var text = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return text;
    }

    public string Ask(string containerId, string address, int port)
    {
        using var ns = Open(containerId);
        return Ask(ns, address, port);
    }

    public string Nft(params string[] arguments)
    {
        using var process = Host.Start(new ProcessStartInfo("nft", arguments) { RedirectStandardOutput = true });
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return text;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach (var process in processes)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }

        namespaces.Dispose();
    }
}
