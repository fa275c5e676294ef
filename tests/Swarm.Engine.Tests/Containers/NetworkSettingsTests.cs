using System.Collections.Immutable;
using System.Net;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Tests.Containers;

/// <summary>What a request says of networks, links, ports and hosts, before anything is made.</summary>
public sealed class NetworkSettingsTests
{
    private static readonly string Id = new('a', 64);

    [Fact]
    public void A_container_without_a_word_about_networks_is_on_the_default_one()
    {
        var networks = ContainerNetworks.Of(new ContainerCreateRequest(), new HostConfig(), new Networks()).EndpointsConfig!;
        Assert.Equal(["bridge"], networks.Keys);
        Assert.Equal("id-of-bridge", networks["bridge"]!.NetworkID);
    }

    [Fact]
    public void Its_own_network_comes_first_under_its_name_whatever_it_was_called_in_the_request()
    {
        var request = Request(("one", new EndpointSettings { Aliases = ["a"] }), ("id-of-mine", new EndpointSettings { Aliases = ["b"] }));
        var networks = ContainerNetworks.Of(request, new HostConfig { NetworkMode = "id-of-mine" }, new Networks()).EndpointsConfig!;
        Assert.Equal(["mine", "one"], networks.Keys);
        Assert.Equal(["b"], networks["mine"]!.Aliases!);
    }

    [Fact]
    public void A_link_on_a_network_of_ones_own_may_lead_to_a_container_that_is_made_later()
    {
        var record = new ContainerRecord { Id = Id, Name = "c", Config = new ContainerConfig { Hostname = "h" }, HostConfig = new HostConfig(), ImageId = "", Command = ["true"], Created = default, Mounts = [] };
        var request = ContainerNetworks.Request(record, "mine", new EndpointSettings { Links = ["upstream:Bar"] }, _ => throw EngineException.NotFound("No such container: upstream"));
        Assert.Equal("upstream", request.Links["bar"]);
    }

    [Fact]
    public void A_container_in_anothers_namespace_has_no_networks_of_its_own() =>
        Assert.Empty(ContainerNetworks.Of(Request(("one", new EndpointSettings())), new HostConfig { NetworkMode = "container:" + Id }, new Networks()).EndpointsConfig!);

    public static TheoryData<string, string, EndpointSettings, string> Refused => new()
    {
        { "default", "default", new EndpointSettings { IPAMConfig = new EndpointIpamConfig { IPv4Address = "172.17.0.9" } }, "invalid config for network bridge: invalid endpoint settings:\nuser specified IP address is supported on user defined networks only" },
        { "default", "bridge", new EndpointSettings { Aliases = ["a"] }, "invalid config for network bridge: invalid endpoint settings:\nnetwork-scoped alias is supported only for containers in user defined networks" },
        { "one", "one", new EndpointSettings { IPAMConfig = new EndpointIpamConfig { IPv4Address = "10.1.0.9" } }, "invalid config for network one: invalid endpoint settings:\nuser specified IP address is supported only when connecting to networks with user configured subnets" },
        { "mine", "mine", new EndpointSettings { IPAMConfig = new EndpointIpamConfig { IPv4Address = "10.2.0.9", IPv6Address = "10.1.0.9" } }, "invalid config for network mine: invalid endpoint settings:\n* no configured subnet or ip-range contain the IP address 10.2.0.9\n* invalid IPv6 address: 10.1.0.9" },
        { "mine", "mine", new EndpointSettings { MacAddress = "02:00" }, "invalid MAC address 02:00" },
        { "host", "one", new EndpointSettings(), "container sharing network namespace with another container or host cannot be connected to any other network" },
        { "none", "one", new EndpointSettings(), "container cannot be connected to multiple networks with one of the networks in private (none) mode" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Settings_that_make_no_sense_are_refused_in_Dockers_words(string mode, string network, EndpointSettings settings, string message)
    {
        var error = Assert.Throws<EngineException>(() => ContainerNetworks.Of(Request((network, settings)), new HostConfig { NetworkMode = mode }, new Networks()));
        Assert.Equal((400, message), (error.Status, error.Message));
    }

    [Fact]
    public void Neighbours_find_a_container_by_name_aliases_short_id_and_hostname()
    {
        var record = Record(new HostConfig()) with { Config = new ContainerConfig { Hostname = "box" } };
        Assert.Equal(["web", "w1", "aaaaaaaaaaaa", "box"], ContainerNetworks.Names(record, new EndpointSettings { Aliases = ["w1", "web"] }).AsEnumerable());
    }

    [Fact]
    public void Links_of_a_container_are_lines_and_variables()
    {
        var target = new Container(
            Record(new HostConfig()) with { Name = "mysql", Config = new ContainerConfig { Hostname = "db-host", ExposedPorts = new() { ["3306/tcp"] = new(), ["53/udp"] = new() }, Env = ["PATH=/bin", "USER=me"] } },
            new ContainerState { Status = ContainerStatus.Running })
        {
            Network = new NetworkSandbox("", [new NetworkEndpoint("n", "bridge", "e", IPAddress.Parse("172.17.0.5"), 16, null, "")], []),
        };
        var record = Record(new HostConfig { Links = ["mysql:my-db"] });
        var links = ContainerLinks.Resolve(record, _ => target);
        Assert.Equal(["172.17.0.5\tmy-db db-host mysql"], ContainerLinks.HostLines(links));
        Assert.Equal(
            [
                "MY_DB_PORT=tcp://172.17.0.5:3306", "MY_DB_PORT_3306_TCP=tcp://172.17.0.5:3306", "MY_DB_PORT_3306_TCP_ADDR=172.17.0.5", "MY_DB_PORT_3306_TCP_PORT=3306",
                "MY_DB_PORT_3306_TCP_PROTO=tcp", "MY_DB_PORT_53_UDP=udp://172.17.0.5:53", "MY_DB_PORT_53_UDP_ADDR=172.17.0.5", "MY_DB_PORT_53_UDP_PORT=53",
                "MY_DB_PORT_53_UDP_PROTO=udp", "MY_DB_NAME=/web/my-db", "MY_DB_ENV_USER=me",
            ],
            ContainerLinks.Environment(record, links));
        target.State = new ContainerState { Status = ContainerStatus.Exited };
        var stopped = Assert.Throws<EngineException>(() => ContainerLinks.Resolve(record, _ => target));
        Assert.Equal("Cannot link to a non running container: /mysql AS /web/my-db", stopped.Message);
    }

    [Fact]
    public void Hosts_keep_what_the_container_wrote_when_an_address_changes()
    {
        var before = NetworkFiles.Hosts(Record(new HostConfig()), "box", [On("10.1.0.2")], [], []);
        var after = NetworkFiles.Hosts(Record(new HostConfig()), "box", [On("10.1.0.2"), On("10.2.0.2")], [], []);
        var merged = NetworkFiles.Merge(before + "10.9.9.9\tmine\n", before, after);
        Assert.Equal(before + "10.9.9.9\tmine\n10.2.0.2\tbox\n", merged);
        Assert.Equal(before + "10.9.9.9\tmine\n", NetworkFiles.Merge(merged, after, before));
    }

    [Fact]
    public void Host_gateway_is_the_hosts_address_on_the_default_network()
    {
        var hosts = NetworkFiles.Hosts(Record(new HostConfig { ExtraHosts = ["up:host-gateway", "six:[fd00::9]"] }), "box", [], [IPAddress.Parse("172.17.0.1")], []);
        Assert.Contains("\n172.17.0.1\tup\n", hosts, StringComparison.Ordinal);
        Assert.Contains("\nfd00::9\tsix\n", hosts, StringComparison.Ordinal);
    }

    [Fact]
    public void A_container_with_names_asks_its_own_server_with_the_users_options_and_domains()
    {
        var named = new NetworkSandbox("", [], []) { HasNameServer = true };
        Assert.Equal("nameserver 127.0.0.11\nsearch a.example\noptions ndots:2\n", NetworkFiles.ResolvConf(new HostConfig { Dns = ["192.0.2.53"], DnsSearch = ["a.example"], DnsOptions = ["ndots:2"] }, named));
        Assert.EndsWith("ndots:0\n", NetworkFiles.ResolvConf(new HostConfig { DnsOptions = ["edns0"] }, named), StringComparison.Ordinal);
        Assert.StartsWith("nameserver 192.0.2.53\n", NetworkFiles.ResolvConf(new HostConfig { Dns = ["192.0.2.53"] }, new NetworkSandbox("", [], [])), StringComparison.Ordinal);
        Assert.Equal([IPAddress.Parse("192.0.2.53")], NetworkFiles.Upstream(new HostConfig { Dns = ["192.0.2.53"] }).Inside.AsEnumerable());
    }

    [Theory]
    [InlineData("8000-8010", 8000, 8010)]
    [InlineData("8000", 8000, 0)]
    [InlineData("8000-8000", 8000, 0)]
    [InlineData("", 0, 0)]
    public void Host_ports_may_be_a_range(string text, int first, int last)
    {
        var host = new HostConfig { PortBindings = new() { ["80/tcp"] = [new PortBinding { HostPort = text }] } };
        Assert.Equal(new PublishedPort("tcp", 80, null, first) { LastHostPort = last }, Assert.Single(PortRequests.Of(new ContainerConfig(), host)));
    }

    [Theory]
    [InlineData("8010-8000")]
    [InlineData("80-")]
    [InlineData("x")]
    public void Host_ports_that_are_none_are_refused(string text) => Assert.Equal(
        400,
        Assert.Throws<EngineException>(() => PortRequests.Of(
            new ContainerConfig(), new HostConfig { PortBindings = new() { ["80/tcp"] = [new PortBinding { HostPort = text }] } })).Status);

    private static NetworkEndpoint On(string address) => new("n", "n", "e", IPAddress.Parse(address), 24, null, "");

    private static ContainerCreateRequest Request(params (string Name, EndpointSettings? Settings)[] endpoints) => new()
    {
        NetworkingConfig = new NetworkingConfig { EndpointsConfig = endpoints.ToDictionary(endpoint => endpoint.Name, endpoint => endpoint.Settings) },
    };

    private static ContainerRecord Record(HostConfig host) => new()
    {
        Id = Id,
        Name = "web",
        Created = DateTimeOffset.UnixEpoch,
        ImageId = "",
        Config = new ContainerConfig { Hostname = "box" },
        HostConfig = host,
        Command = ["true"],
        Mounts = [],
    };

    private sealed class Networks : IContainerNetwork
    {
        public ImmutableArray<IPAddress> HostGateways => [];

        public NetworkIdentity? Find(string network) => network switch
        {
            "bridge" or "id-of-bridge" => new NetworkIdentity("id-of-bridge", "bridge", "bridge", false, []),
            "host" => new NetworkIdentity("id-of-host", "host", "host", false, []),
            "none" => new NetworkIdentity("id-of-none", "none", "null", false, []),
            "one" => new NetworkIdentity("id-of-one", "one", "bridge", true, []),
            "mine" or "id-of-mine" => new NetworkIdentity("id-of-mine", "mine", "bridge", true, [IPNetwork.Parse("10.1.0.0/24")]),
            _ => null,
        };

        public Task<NetworkSandbox> AttachAsync(NetworkRequest request, CancellationToken cancellation) => throw new NotSupportedException();

        public Task DetachAsync(string containerId, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<NetworkSandbox> ConnectAsync(string containerId, EndpointRequest endpoint, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<NetworkSandbox> DisconnectAsync(string containerId, string networkId, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<NetworkSandbox> RenameAsync(string containerId, string name, IReadOnlyDictionary<string, ImmutableArray<string>> names, CancellationToken cancellation) =>
            throw new NotSupportedException();
    }
}
