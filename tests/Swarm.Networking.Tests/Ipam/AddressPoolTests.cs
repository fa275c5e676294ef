using System.Net;
using CsCheck;
using Swarm.Networking.Ipam;

namespace Swarm.Networking.Tests.Ipam;

public sealed class AddressPoolTests
{
    [Fact]
    public void Addresses_are_given_in_order_without_the_networks_own_and_the_broadcast()
    {
        var pool = new AddressPool(IPNetwork.Parse("10.1.2.0/29"));
        var given = Enumerable.Range(0, 7).Select(_ => pool.Allocate()?.ToString() ?? "none").ToArray();
        Assert.Equal(["10.1.2.1", "10.1.2.2", "10.1.2.3", "10.1.2.4", "10.1.2.5", "10.1.2.6", "none"], given);
    }

    [Fact]
    public void Freed_address_rests_until_the_others_had_their_turn()
    {
        var pool = new AddressPool(IPNetwork.Parse("10.1.2.0/29"));
        var first = pool.Allocate()!;
        pool.Release(first);
        Assert.Equal("10.1.2.2", pool.Allocate()!.ToString());
    }

    [Fact]
    public void Addresses_of_the_network_itself_cannot_be_freed_or_reserved()
    {
        var pool = new AddressPool(IPNetwork.Parse("10.1.2.0/30"));
        pool.Release(IPAddress.Parse("10.1.2.0"));
        pool.Release(IPAddress.Parse("10.1.2.3"));
        Assert.False(pool.TryReserve(IPAddress.Parse("10.1.2.3")));
        Assert.False(pool.TryReserve(IPAddress.Parse("10.1.3.1")));
        Assert.True(pool.TryReserve(IPAddress.Parse("10.1.2.1")));
        Assert.Equal("10.1.2.2", pool.Allocate()!.ToString());
        Assert.Null(pool.Allocate());
    }

    [Theory]
    [InlineData("10.0.0.0/7")]
    [InlineData("10.0.0.0/31")]
    public void Network_too_wide_or_too_narrow_is_refused(string subnet) =>
        Assert.Throws<NetworkFault>(() => new AddressPool(IPNetwork.Parse(subnet)));

    /// <summary>Against a set: what the pool gives was free, and it gives nothing only when nothing is free.</summary>
    [Fact]
    public void Pool_never_gives_an_address_twice_and_never_hides_a_free_one() =>
        Gen.Select(Gen.Int[22, 30], Gen.Int[0, 2].Array[0, 3000]).Sample((prefix, steps) =>
        {
            var pool = new AddressPool(new IPNetwork(IPAddress.Parse("10.4.0.0"), prefix));
            var room = (1 << (32 - prefix)) - 2;
            var held = new List<IPAddress>();
            foreach (var step in steps)
            {
                if (step > 0)
                {
                    var given = pool.Allocate();
                    Assert.Equal(held.Count == room, given is null);
                    if (given is not null)
                    {
                        Assert.DoesNotContain(given, held);
                        held.Add(given);
                    }
                }
                else if (held.Count > 0)
                {
                    pool.Release(held[held.Count / 2]);
                    held.RemoveAt(held.Count / 2);
                }
            }
        }, iter: 40);

    [Fact]
    public void Subnet_choice_skips_every_overlap_and_says_when_none_is_left()
    {
        Assert.Equal("172.17.0.0/16", Choose());
        Assert.Equal("172.20.0.0/16", Choose("172.17.3.0/24", "172.18.0.0/15"));
        Assert.Equal("192.168.16.0/20", Choose("172.16.0.0/12", "192.168.1.0/24"));
        Assert.Equal(
            "all predefined address pools have been fully subnetted", Assert.Throws<NetworkFault>(() => Choose("172.16.0.0/12", "192.168.0.0/16")).Message);
    }

    [Fact]
    public void A_node_has_a_unique_local_prefix_of_its_own()
    {
        var pool = DefaultPools.UniqueLocal("node-1");
        Assert.Equal(pool, DefaultPools.UniqueLocal("node-1"));
        Assert.NotEqual(pool, DefaultPools.UniqueLocal("node-2"));
        Assert.StartsWith("fd", pool.Base.ToString(), StringComparison.Ordinal);
        var first = DefaultPools.ChooseFree([pool], [], ipv6: true);
        var second = DefaultPools.ChooseFree([pool], [first], ipv6: true);
        Assert.Equal((64, 64), (first.PrefixLength, second.PrefixLength));
        Assert.False(Subnets.Overlap(first, second));
    }

    [Fact]
    public void Range_bounds_what_is_given_but_not_what_is_asked_for()
    {
        var pool = new AddressPool(IPNetwork.Parse("10.1.2.0/24"), IPNetwork.Parse("10.1.2.64/30"));
        Assert.True(pool.TryReserve(IPAddress.Parse("10.1.2.66")));
        Assert.True(pool.TryReserve(IPAddress.Parse("10.1.2.9")));
        Assert.Equal(["10.1.2.64", "10.1.2.65", "10.1.2.67", "none"], Enumerable.Range(0, 4).Select(_ => pool.Allocate()?.ToString() ?? "none"));
    }

    [Fact]
    public void IPv6_addresses_are_counted_from_the_first_and_preferred_ones_given_if_free()
    {
        var pool = new AddressPool(IPNetwork.Parse("fd00:1::/64"));
        Assert.Equal("fd00:1::1", pool.Allocate()!.ToString());
        Assert.Equal("fd00:1::9", pool.Allocate(IPAddress.Parse("fd00:1::9"))!.ToString());
        Assert.Equal("fd00:1::2", pool.Allocate(IPAddress.Parse("fd00:1::9"))!.ToString());
    }

    private static string Choose(params string[] used) => DefaultPools.ChooseFree(DefaultPools.Docker, [.. used.Select(text => IPNetwork.Parse(text))], ipv6: false).ToString();
}
