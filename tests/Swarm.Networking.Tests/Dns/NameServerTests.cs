using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Swarm.Linux;
using Swarm.Networking.Bridge;
using Swarm.Networking.Dns;

namespace Swarm.Networking.Tests.Dns;

/// <summary>What a container's own client hears from 127.0.0.11.</summary>
public sealed class NameServerTests : IAsyncLifetime
{
    private Topology net = null!;

    public async Task InitializeAsync()
    {
        net = await Topology.StartAsync();
        await net.Bridge.CreateAsync(Ask.For("one").With("10.50.0.0/24"), default);
        await net.Bridge.CreateAsync(Ask.For("two").With("10.51.0.0/24").With("fd51::/64") with { EnableIPv6 = true }, default);
        await net.Bridge.CreateAsync(Ask.For("closed").With("10.52.0.0/24") with { Internal = true }, default);
    }

    public async Task DisposeAsync() => await net.DisposeAsync();

    [Fact]
    public async Task Containers_of_one_network_find_each_other_by_name_whatever_the_letters_size()
    {
        await net.Bridge.AttachToAsync("web", "one");
        await net.Bridge.AttachToAsync("asker", "one");
        Assert.Equal(["10.50.0.2"], await AskAsync("asker", "web"));
        Assert.Equal(["10.50.0.2"], await AskAsync("asker", "WEB"));
        Assert.Equal(["10.50.0.2"], await AskAsync("asker", "web.one"));
        Assert.Equal(["10.50.0.3"], await AskAsync("asker", "asker"));
    }

    [Fact]
    public async Task Names_of_another_network_are_unknown_until_connected_and_again_after_a_disconnect()
    {
        await net.Bridge.AttachToAsync("web", "one");
        await net.Bridge.AttachToAsync("asker", "two");
        Assert.Equal("SERVFAIL", Assert.Single(await AskAsync("asker", "web")));
        await net.Bridge.ConnectAsync("asker", new EndpointRequest("one"), default);
        Assert.Equal(["10.50.0.2"], await AskAsync("asker", "web"));
        await net.Bridge.DisconnectAsync("asker", net.Bridge.Records.Values.Single(network => network.Name == "one").Id, default);
        Assert.Equal("SERVFAIL", Assert.Single(await AskAsync("asker", "web")));
    }

    [Fact]
    public async Task An_alias_of_two_containers_has_both_addresses_and_a_link_is_known_to_its_owner_only()
    {
        foreach (var id in (string[])["web1", "web2"])
        {
            await net.Bridge.AttachAsync(new SandboxRequest(id, id, [new EndpointRequest("one") { Names = [id, "web"] }], []), default);
        }

        var links = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("db", "web1");
        await net.Bridge.AttachAsync(new SandboxRequest("asker", "asker", [new EndpointRequest("one") { Links = links }], []), default);
        Assert.Equal(["10.50.0.2", "10.50.0.3"], (await AskAsync("asker", "web")).Order());
        Assert.Equal(["10.50.0.2"], await AskAsync("asker", "db"));
        Assert.Equal("SERVFAIL", Assert.Single(await AskAsync("web1", "db")));
    }

    [Fact]
    public async Task A_container_that_was_renamed_while_its_daemon_ended_has_its_new_name_once_it_is_attached_again()
    {
        var before = await net.Bridge.AttachToAsync("web", "one");
        await net.Bridge.AttachToAsync("asker", "one");
        await net.StopAsync();
        await net.RestartAsync();
        var after = await net.Bridge.AttachAsync(new SandboxRequest("web", "site", [new EndpointRequest("one") { Names = ["site"] }], []), default);
        Assert.Equal(("site", before.Endpoints[0].EndpointId), (after.Name, after.Endpoints[0].EndpointId));
        Assert.Equal(["10.50.0.2"], await AskAsync("asker", "site"));
        Assert.Equal("SERVFAIL", Assert.Single(await AskAsync("asker", "web")));
    }

    [Fact]
    public async Task A_name_without_an_address_of_the_family_is_there_without_an_answer()
    {
        await net.Bridge.AttachToAsync("four", "one");
        await net.Bridge.AttachToAsync("both", "two");
        await net.Bridge.AttachToAsync("asker", "one", "two");
        Assert.Empty(await AskAsync("asker", "four", RecordType.Aaaa));
        Assert.Equal(["fd51::2"], await AskAsync("asker", "both", RecordType.Aaaa));
        Assert.Equal(["10.51.0.2"], await AskAsync("asker", "both"));
        Assert.Empty(await AskAsync("asker", "four", RecordType.Mx));
    }

    [Fact]
    public async Task Addresses_have_names_in_both_families()
    {
        await net.Bridge.AttachToAsync("web", "two");
        Assert.Equal(["web.two"], await AskAsync("web", "2.0.51.10.in-addr.arpa", RecordType.Ptr));
        var reversed = string.Join('.', Convert.ToHexStringLower(IPAddress.Parse("fd51::2").GetAddressBytes()).Reverse());
        Assert.Equal(["web.two"], await AskAsync("web", reversed + ".ip6.arpa", RecordType.Ptr));
    }

    [Fact]
    public async Task What_is_not_ours_is_asked_upstream_by_the_clients_protocol()
    {
        using var upstream = new FakeUpstream(net.Outside, Topology.OutsideAddress);
        await AttachAskerAsync("one");
        Assert.Equal(["198.51.100.7"], await AskAsync("asker", "example.com"));
        Assert.Equal(["198.51.100.7"], await AskAsync("asker", "example.com", tcp: true));
        Assert.Equal(["udp example.com", "tcp example.com"], upstream.Heard);
    }

    [Fact]
    public async Task A_server_that_is_silent_or_refuses_is_followed_by_the_next_one()
    {
        using var refusing = new FakeUpstream(net.Host, Topology.SecondHostAddress, code: 5);
        using var upstream = new FakeUpstream(net.Outside, Topology.OutsideAddress);
        var settings = new ResolverSettings([IPAddress.Parse("192.0.2.99"), IPAddress.Parse(Topology.SecondHostAddress), IPAddress.Parse(Topology.OutsideAddress)], []);
        await net.Bridge.AttachAsync(new SandboxRequest("asker", "asker", [new EndpointRequest("one")], []) { Resolver = settings }, default);
        Assert.Equal(["198.51.100.7"], await AskAsync("asker", "example.com"));
        Assert.Single(refusing.Heard);
    }

    [Fact]
    public async Task A_server_on_the_hosts_loopback_is_asked_from_the_host()
    {
        using var upstream = new FakeUpstream(net.Host, "127.0.0.53");
        var settings = new ResolverSettings([], [IPAddress.Parse("127.0.0.53")]);
        await net.Bridge.AttachAsync(new SandboxRequest("asker", "asker", [new EndpointRequest("one")], []) { Resolver = settings }, default);
        Assert.Equal(["198.51.100.7"], await AskAsync("asker", "example.com"));
    }

    [Fact]
    public async Task Nothing_is_asked_upstream_from_an_internal_network()
    {
        using var upstream = new FakeUpstream(net.Host, "10.52.0.1");
        await AttachAskerAsync("closed", "10.52.0.1");
        Assert.Equal("SERVFAIL", Assert.Single(await AskAsync("asker", "example.com")));
        Assert.Empty(upstream.Heard);
        Assert.Equal(["10.52.0.2"], await AskAsync("asker", "asker"));
    }

    [Fact]
    public async Task A_container_may_have_a_name_server_of_its_own_on_port_53()
    {
        await AttachAskerAsync("one");
        using var ns = net.Open("asker");
        using var own = ns.Run(() => new UdpClient(53));
        Assert.Equal(["10.50.0.2"], await AskAsync("asker", "asker"));
    }

    [Fact]
    public async Task Names_are_answered_again_after_a_restart_of_the_daemon()
    {
        await net.Bridge.AttachToAsync("web", "one");
        await AttachAskerAsync("one");
        await net.RestartAsync();
        Assert.Equal(["10.50.0.2"], await AskAsync("asker", "web"));
        Assert.Equal(["10.50.0.2"], await AskAsync("asker", "web", tcp: true));
    }

    /// <summary>A thread that the runtime starts within a container's namespace would stay there, and keep it.</summary>
    [Fact]
    public async Task No_thread_of_ours_is_left_in_a_containers_namespace()
    {
        using var upstream = new FakeUpstream(net.Outside, Topology.OutsideAddress);
        await AttachAskerAsync("one");
        await net.RestartAsync();
        await AskAsync("asker", "example.com");
        using var asker = net.Open("asker");
        string?[] places = [LinkOf(asker), LinkOf(net.Host)];
        Assert.DoesNotContain(Directory.GetDirectories("/proc/self/task").Select(Describe), task => places.Contains(task.Namespace) && task.Name != "netns");

        static string? LinkOf(NetworkNamespace ns) => ns.Run(() => new FileInfo("/proc/thread-self/ns/net").LinkTarget);
    }

    /// <summary>No namespace: the thread has just ended.</summary>
    private static (string Name, string? Namespace) Describe(string task)
    {
        try
        {
            return (File.ReadAllText(task + "/comm").Trim(), new FileInfo(task + "/ns/net").LinkTarget);
        }
        catch (IOException)
        {
            return ("", null);
        }
    }

    private Task<ContainerSandbox> AttachAskerAsync(string network, string server = Topology.OutsideAddress) => net.Bridge.AttachAsync(
        new SandboxRequest("asker", "asker", [new EndpointRequest(network) { Names = ["asker"] }], []) { Resolver = new ResolverSettings([IPAddress.Parse(server)], []) }, default);

    private async Task<string[]> AskAsync(string container, string name, RecordType type = RecordType.A, bool tcp = false)
    {
        using var ns = net.Open(container);
        return await DnsClient.AskAsync(ns, name, type, tcp);
    }
}
