using System.Net;
using System.Net.NetworkInformation;
using Swarm.Linux;
using Swarm.Networking.Netlink;

namespace Swarm.Networking.Tests.Netlink;

public sealed class RouteSocketTests : IDisposable
{
    private readonly Namespaces namespaces = new();
    private readonly NetworkNamespace ns;
    private readonly RouteSocket route;

    public RouteSocketTests()
    {
        ns = namespaces.Add("host");
        route = RouteSocket.In(ns);
    }

    public void Dispose()
    {
        route.Dispose();
        namespaces.Dispose();
    }

    [Fact]
    public void Link_is_listed_with_what_was_asked()
    {
        var mac = PhysicalAddress.Parse("02:42:00:00:00:07");
        route.AddBridge("swnet0", mac);
        route.SetMtu("swnet0", 1400);
        route.SetUp("swnet0");
        route.AddVeth(new VethPair("swnetv", 0, 0, "swnetp", null), null);
        route.SetMaster("swnetv", "swnet0");

        var bridge = route.Links().Single(link => link.Name == "swnet0");
        Assert.Equal(("bridge", true, 1400, mac, 0), (bridge.Kind, bridge.IsUp, bridge.Mtu, bridge.Mac, bridge.MasterIndex));
        Assert.Equal(bridge.Index, route.FindLink("swnetv")!.MasterIndex);
        route.SetMaster("swnetv", null);
        Assert.Equal(0, route.FindLink("swnetv")!.MasterIndex);
        route.SetMac("swnetp", mac);
        Assert.Equal(mac, route.FindLink("swnetp")!.Mac);
    }

    [Fact]
    public void Dummy_exists_where_the_kernel_has_the_driver_and_is_refused_in_its_words_where_not()
    {
        try
        {
            route.AddDummy("swnetd");
            Assert.Equal("dummy", route.FindLink("swnetd")!.Kind);
        }
        catch (NetlinkException error)
        {
            Assert.Equal("add dummy swnetd: Operation not supported (Unknown device type)", error.Message);
        }
    }

    [Fact]
    public void Link_is_renamed_moved_set_down_and_deleted()
    {
        var other = namespaces.Add("other");
        using var there = RouteSocket.In(other);
        route.AddVeth(new VethPair("swnetd", 0, 0, "swnetp", null), null);
        route.SetDown("swnetd");
        route.Rename("swnetd", "swnetr");
        route.MoveTo("swnetr", other);

        Assert.Null(route.FindLink("swnetr"));
        Assert.False(there.FindLink("swnetr")!.IsUp);
        there.DeleteLink("swnetr");
        Assert.Null(there.FindLink("swnetr"));
        Assert.False(there.TryDeleteLink("swnetr"));
    }

    [Fact]
    public void Peer_of_a_veth_appears_in_the_other_namespace_with_its_address()
    {
        var other = namespaces.Add("other");
        using var there = RouteSocket.In(other);
        var mac = PhysicalAddress.Parse("02:42:0A:00:00:02");
        route.AddBridge("swnet0");
        route.AddVeth(new VethPair("swnetv", route.FindLink("swnet0")!.Index, 1450, "eth0", mac), other);
        route.SetHairpin("swnetv", true);

        var peer = there.FindLink("eth0")!;
        Assert.Equal(("veth", false, 1450, mac), (peer.Kind, peer.IsUp, peer.Mtu, peer.Mac));
        Assert.Equal(route.FindLink("swnet0")!.Index, route.FindLink("swnetv")!.MasterIndex);
        Assert.Equal("1", Sysfs(ns, "/sys/class/net/swnetv/brport/hairpin_mode"));
    }

    [Theory]
    [InlineData("192.0.2.7", 24)]
    [InlineData("2001:db8::7", 64)]
    public void Address_comes_and_goes(string text, int prefix)
    {
        var address = IPAddress.Parse(text);
        route.AddBridge("swnetd");
        route.SetUp("swnetd");
        route.AddAddress("swnetd", address, prefix);
        Assert.Contains(new LinkAddress(route.FindLink("swnetd")!.Index, address, prefix), route.Addresses());
        Assert.True(Assert.Throws<NetlinkException>(() => route.AddAddress("swnetd", address, prefix)).AlreadyExists);
        route.DeleteAddress("swnetd", address, prefix);
        Assert.DoesNotContain(address, route.Addresses().Select(a => a.Address));
        Assert.True(Assert.Throws<NetlinkException>(() => route.DeleteAddress("swnetd", address, prefix)).NotThere);
    }

    [Fact]
    public void Routes_come_and_go()
    {
        route.AddBridge("swnetd");
        route.SetUp("swnetd");
        route.AddAddress("swnetd", IPAddress.Parse("192.0.2.7"), 24);
        var index = route.FindLink("swnetd")!.Index;
        var gateway = IPAddress.Parse("192.0.2.1");
        var far = IPNetwork.Parse("198.51.100.0/24");
        route.AddRoute(null, gateway, 0);
        route.AddRoute(far, null, "swnetd");

        Assert.Contains(new Route(null, gateway, index), route.Routes());
        Assert.Contains(new Route(far, null, index), route.Routes());
        route.DeleteRoute(far, null, "swnetd");
        Assert.DoesNotContain(route.Routes(), found => found.Destination == far);
        Assert.True(Assert.Throws<NetlinkException>(() => route.DeleteRoute(far, null, "swnetd")).NotThere);
    }

    [Fact]
    public void Permanent_neighbour_is_in_the_kernels_table()
    {
        route.AddBridge("swnetd");
        route.SetUp("swnetd");
        route.AddAddress("swnetd", IPAddress.Parse("192.0.2.7"), 24);
        route.AddNeighbour("swnetd", IPAddress.Parse("192.0.2.9"), PhysicalAddress.Parse("02:42:00:00:00:09"));
        Assert.Contains("192.0.2.9", ns.Run(() => File.ReadAllText("/proc/thread-self/net/arp")));
    }

    [Fact]
    public void Refusal_says_what_was_asked_and_what_the_kernel_answered()
    {
        route.AddBridge("swnet0");
        var exists = Assert.Throws<NetlinkException>(() => route.AddBridge("swnet0"));
        Assert.Equal("add bridge swnet0: File exists", exists.Message);
        var absent = Assert.Throws<NetlinkException>(() => route.SetUp("swnet1"));
        Assert.Equal("set link swnet1 up: No such device", absent.Message);
        route.AddBridge("swnetd");
        var invalid = Assert.Throws<NetlinkException>(() => route.SetMtu("swnetd", 1 << 30));
        Assert.Contains("(", invalid.Message); // the kernel's own sentence (NETLINK_EXT_ACK)
    }

    [Fact]
    public void Dump_of_many_links_is_complete()
    {
        const int links = 300; // more than one datagram of the kernel
        for (var i = 0; i < links; i++)
        {
            route.AddBridge($"swnet{i}");
        }

        Assert.Equal(links, route.Links().Count(link => link.Kind == "bridge"));
    }

    [Fact]
    public void Name_of_sixteen_bytes_is_refused_before_the_kernel_sees_it() =>
        Assert.Throws<ArgumentException>(() => route.AddBridge("swnet-0123456789"));

    /// <summary>/sys shows the namespace that it was mounted in, so the file is read by a process with a mount of its own.</summary>
    private static string Sysfs(NetworkNamespace ns, string path)
    {
        using var process = ns.Start(new System.Diagnostics.ProcessStartInfo("unshare", ["-m", "sh", "-c", $"mount -t sysfs swnet /sys && cat {path}"])
        {
            RedirectStandardOutput = true,
        });
        var text = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return text;
    }
}
