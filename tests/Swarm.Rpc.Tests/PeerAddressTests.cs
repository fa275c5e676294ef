using System.Net;
using Swarm.Rpc.Clients;

namespace Swarm.Rpc.Tests;

public sealed class PeerAddressTests
{
    [Theory]
    [InlineData("10.0.0.1:4000", "10.0.0.1", 4000)]
    [InlineData("10.0.0.1", "10.0.0.1", 2377)]
    [InlineData("manager.example:1", "manager.example", 1)]
    [InlineData("0.0.0.0:2377", "127.0.0.1", 2377)]
    [InlineData("0.0.0.0", "127.0.0.1", 2377)]
    [InlineData(":5000", "127.0.0.1", 5000)]
    [InlineData("[::]:5000", "127.0.0.1", 5000)]
    [InlineData("[fd00::1]:5000", "fd00::1", 5000)]
    [InlineData("fd00::1", "fd00::1", 2377)]
    public void An_address_is_dialled_as(string address, string host, int port) =>
        Assert.Equal(new DnsEndPoint(host, port), PeerAddress.ToDial(address));

    [Theory]
    [InlineData("host:0")]
    [InlineData("host:65536")]
    [InlineData("host:-1")]
    [InlineData("host:x")]
    [InlineData("a b:1")]
    [InlineData("https://host:1")]
    public void What_is_no_address_is_refused(string address) =>
        Assert.Equal(RpcStatus.InvalidArgument, Assert.Throws<RpcFault>(() => PeerAddress.ToDial(address)).Status);

    [Fact]
    public void An_address_without_a_host_is_completed_from_the_connection()
    {
        Assert.Equal("10.1.1.1:9", PeerAddress.SeenFrom("0.0.0.0:9", IPAddress.Parse("10.1.1.1")));
        Assert.Equal("10.1.1.1:9", PeerAddress.SeenFrom(":9", IPAddress.Parse("::ffff:10.1.1.1")));
        Assert.Equal("10.2.2.2:9", PeerAddress.SeenFrom("10.2.2.2:9", IPAddress.Parse("10.1.1.1")));
    }
}
