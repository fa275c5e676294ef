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
        Assert.Equal("172.17.0.0/16", Subnets.ChooseFree([]).ToString());
        Assert.Equal("172.20.0.0/16", Subnets.ChooseFree([IPNetwork.Parse("172.17.3.0/24"), IPNetwork.Parse("172.18.0.0/15")]).ToString());
        Assert.Equal("192.168.16.0/20", Subnets.ChooseFree([IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.1.0/24")]).ToString());
        Assert.Throws<NetworkFault>(() => Subnets.ChooseFree([IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16")]));
    }
}
