using System.Net;
using System.Net.Sockets;
using Swarm.Networking.Netlink;
using Swarm.Networking.Nftables;

namespace Swarm.Networking.Tests.Netlink;

public sealed class FlowSocketTests : IDisposable
{
    private readonly Namespaces namespaces = new();

    public void Dispose() => namespaces.Dispose();

    /// <summary>Guard: FlowSocket.IsOver. A new flow of the same port may have the old one's name, and would be cut.</summary>
    [Fact]
    public async Task Connections_that_stand_are_forgotten_and_those_that_are_over_are_left()
    {
        var ns = namespaces.Add("a");
        using (var route = RouteSocket.In(ns))
        {
            route.SetUp("lo");
        }

        await NftOneShot.ApplyAsync(ns, "table ip t { chain c { type filter hook input priority 0; ct state established accept; }; }\n", CancellationToken.None);
        using var listener = ns.Run(() => new TcpListener(IPAddress.Loopback, 0));
        listener.Start();
        using var stands = await ConnectAsync();
        using (var over = await ConnectAsync())
        {
            over.Server.Close();
        }

        using var flows = FlowSocket.In(ns);
        await Waiting.UntilAsync("one of both is over", () => Standing() == 1);
        Assert.Equal(2, flows.Count());
        Assert.Equal(1, flows.Forget(_ => true));
        Assert.Equal(1, flows.Count());

        int Standing()
        {
            var standing = 0;
            flows.Forget(_ => ++standing < 0);
            return standing;
        }

        async Task<Pair> ConnectAsync()
        {
            var client = ns.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            await client.ConnectAsync(listener.LocalEndpoint);
            return new Pair(client, await listener.AcceptSocketAsync());
        }
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
