using System.Net;
using System.Net.Sockets;
using Swarm.Linux;
using Swarm.Networking.Netlink;
using Swarm.Networking.Nftables;

namespace Swarm.Networking.Tests.Netlink;

/// <summary>Connections of one namespace's loopback, where 127.0.0.0/8 is all its own.</summary>
public sealed class FlowSocketTests : IAsyncLifetime, IDisposable
{
    private static readonly IPAddress First = IPAddress.Parse("127.0.0.1"), Second = IPAddress.Parse("127.0.0.2");

    private readonly Namespaces namespaces = new();
    private readonly NetworkNamespace ns;
    private readonly FlowSocket flows;
    private readonly TcpListener listener;

    public FlowSocketTests()
    {
        ns = namespaces.Add("a");
        flows = FlowSocket.In(ns);
        listener = ns.Run(() => new TcpListener(IPAddress.Any, 0));
    }

    public async Task InitializeAsync()
    {
        using var route = RouteSocket.In(ns);
        route.SetUp("lo");
        await NftOneShot.ApplyAsync(ns, "table ip t { chain c { type filter hook input priority 0; ct state established accept; }; }\n", CancellationToken.None);
        listener.Start();
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose()
    {
        listener.Dispose();
        flows.Dispose();
        namespaces.Dispose();
    }

    /// <summary>Guard: FlowSocket.IsOver. A new flow of the same port may have the old one's name, and would be cut.</summary>
    [Fact]
    public async Task Connections_that_stand_are_forgotten_and_those_that_are_over_are_left()
    {
        using var stands = await ConnectAsync(First);
        using (var over = await ConnectAsync(First))
        {
            over.Server.Close();
        }

        await Waiting.UntilAsync("one of both is over", () => Standing().Count == 1);
        Assert.Equal(2, flows.Count());
        Assert.Equal(1, flows.Forget(_ => true));
        Assert.Equal(1, flows.Count());
    }

    /// <summary>By the kernel itself, where it can; and by a list, which it is asked for where there are many.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public async Task Connections_that_one_of_the_addresses_answers_are_forgotten(int others)
    {
        using var first = await ConnectAsync(First);
        using var second = await ConnectAsync(Second);
        flows.ForgetAnsweredBy(Enumerable.Range(1, others).Select(number => new IPAddress([127, 0, 1, (byte)number])).Append(Second).ToHashSet());
        Assert.Equal([First], Standing());
        flows.ForgetAnsweredBy(new HashSet<IPAddress>());
        Assert.Equal([First], Standing());
    }

    private List<IPAddress> Standing()
    {
        var standing = new List<IPAddress>();
        flows.Forget(flow =>
        {
            standing.Add(flow.AnsweredBy);
            return false;
        });
        return standing;
    }

    private async Task<Pair> ConnectAsync(IPAddress address)
    {
        var client = ns.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        await client.ConnectAsync(address, ((IPEndPoint)listener.LocalEndpoint).Port);
        return new Pair(client, await listener.AcceptSocketAsync());
    }

    private sealed record Pair(Socket Client, Socket Server) : IDisposable
    {
        public void Dispose()
        {
            Client.Dispose();
            Server.Dispose();
        }
    }
}
