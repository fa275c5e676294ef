using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Swarm.Chaos.Histories;
using Swarm.Chaos.Running;
using Swarm.Linux;

namespace Swarm.Chaos.Workloads.Networks;

/// <summary>Asks as a container, or as somebody outside of the cluster, would ask; each question on a socket of its own.</summary>
internal sealed class Prober(ClusterAccess cluster, HistoryRecorder history)
{
    /// <summary>For the name and the answer together. An answer that comes at all comes within milliseconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(800);

    /// <summary>For the name: one that nobody has goes on to servers of the host's, which a lab does not reach.</summary>
    private static readonly TimeSpan NamePatience = TimeSpan.FromMilliseconds(250);
    private const int TargetPort = 80;

    /// <summary>Asks for a name from a container, and then who is at one of its addresses.</summary>
    /// <param name="kind"><see cref="ProbeKind.Name"/> or <see cref="ProbeKind.Tasks"/>.</param>
    public Task<Probe> NameAsync(ProbeKind kind, (string Node, int Pid) from, string name, Dice dice, CancellationToken cancellation) => ProbeAsync(
        new Probe { Kind = kind, Node = from.Node, Target = name, Invoked = history.Now, Completed = default },
        SpaceOf(from.Pid),
        async (probe, space, limit) =>
        {
            using var patience = new CancellationTokenSource(NamePatience, cluster.Time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, limit);
            var found = await NameQuestion.AskAsync(space, (kind == ProbeKind.Tasks ? "tasks." : "") + name, (ushort)dice.Next(ushort.MaxValue), both.Token);
            return (probe with { Addresses = found }, found.Count == 0 ? null : new IPEndPoint(IPAddress.Parse(dice.Pick(found)), TargetPort));
        },
        cancellation);

    /// <summary>Asks from a container who is at an address.</summary>
    public Task<Probe> AddressAsync((string Node, int Pid) from, string address, CancellationToken cancellation) => ProbeAsync(
        new Probe { Kind = ProbeKind.Address, Node = from.Node, Target = address, Invoked = history.Now, Completed = default },
        SpaceOf(from.Pid), (probe, _, _) => Task.FromResult((probe, (IPEndPoint?)new IPEndPoint(IPAddress.Parse(address), TargetPort))), cancellation);

    /// <summary>Asks from outside who is at a node's published port.</summary>
    public Task<Probe> PortAsync(string node, int port, CancellationToken cancellation) => ProbeAsync(
        new Probe { Kind = ProbeKind.Port, Node = node, Target = port.ToString(CultureInfo.InvariantCulture), Invoked = history.Now, Completed = default },
        cluster.Lab.OutsideNamespace, (probe, _, _) => Task.FromResult((probe, (IPEndPoint?)new IPEndPoint(cluster.Lab.Address(node), port))), cancellation);

    private static string SpaceOf(int pid) => string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/ns/net");

    private async Task<Probe> ProbeAsync(
        Probe probe, string spaceFile, Func<Probe, NetworkNamespace, CancellationToken, Task<(Probe, IPEndPoint?)>> find, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Patience, cluster.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            using var space = NetworkNamespace.Open(spaceFile);
            (probe, var server) = await find(probe, space, both.Token);
            if (server is not null)
            {
                using var socket = space.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
                await socket.ConnectAsync(server, both.Token);
                probe = probe with { Reached = server.Address.ToString(), Own = ((IPEndPoint)socket.LocalEndPoint!).Address.ToString() };
                probe = probe with { Answer = await WhoAsync(socket, both.Token) };
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            probe = probe with { Error = e is OperationCanceledException ? "no answer in time" : e.Message };
        }

        return probe with { Completed = history.Now };
    }

    /// <exception cref="IOException">Something else than an answer.</exception>
    private static async Task<ProbeAnswer> WhoAsync(Socket socket, CancellationToken cancellation)
    {
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {NetworkSpecs.Path} HTTP/1.0\r\n\r\n"), cancellation);
        using var reader = new StreamReader(stream, Encoding.ASCII);
        var answer = await reader.ReadToEndAsync(cancellation);
        return answer.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault()?.Split(' ') is [var token, var node, var client]
            && IPAddress.TryParse(client.Trim('[', ']'), out var address)
            ? new ProbeAnswer(token, node, (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString())
            : throw new IOException($"this is no answer: '{answer.ReplaceLineEndings(" ")}'");
    }
}
