using Swarm.Api.Client;

namespace Swarm.Lab.Tests.Client;

public sealed class EngineEndpointTests
{
    [Fact]
    public void A_unix_socket() => Assert.Equal("/run/swarm/x.sock", EngineEndpoint.Parse("unix:///run/swarm/x.sock").SocketPath);

    [Theory]
    [InlineData("tcp://10.0.0.1:2376", "10.0.0.1", 2376)]
    [InlineData("tcp://node", "node", 2375)]
    [InlineData("tcp://node:80", "node", 80)]
    [InlineData("http://[::1]:9/", "[::1]", 9)]
    public void Host_and_port(string text, string host, int port)
    {
        var endpoint = EngineEndpoint.Parse(text);
        Assert.Equal((null, host, port), (endpoint.SocketPath, endpoint.Host, endpoint.Port));
    }

    [Theory]
    [InlineData("")]
    [InlineData("unix://")]
    [InlineData("unix://relative")]
    [InlineData("node:2375")]
    [InlineData("ssh://node")]
    [InlineData("tcp://")]
    public void Others_are_refused(string text) => Assert.Throws<FormatException>(() => EngineEndpoint.Parse(text));
}
