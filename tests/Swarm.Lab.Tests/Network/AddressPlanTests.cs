using Swarm.Lab.Network;
using Swarm.Lab.State;

namespace Swarm.Lab.Tests.Network;

public sealed class AddressPlanTests
{
    [Fact]
    public void A_new_lab_gets_the_lowest_free_index() => Assert.Equal(2, AddressPlan.FreeIndex([0, 1, 3]));

    [Fact]
    public void There_is_an_end_to_labs() =>
        Assert.Throws<LabException>(() => AddressPlan.FreeIndex(Enumerable.Range(0, AddressPlan.MaxLabs)));

    [Fact]
    public void A_removed_node_s_address_is_not_given_out_while_fresh_ones_are_left()
    {
        var lab = Records.Lab();
        lab = lab with { Nodes = lab.Nodes.RemoveAt(1) };
        Assert.Equal(16, AddressPlan.FreeHost(lab));
    }

    [Fact]
    public void When_the_last_address_is_taken_gaps_are_filled()
    {
        var lab = Records.Lab();
        lab = lab with { Nodes = lab.Nodes.RemoveAt(1).Add(new NodeRecord { Name = "w9", Role = LabRole.Worker, Host = AddressPlan.LastHost }) };
        Assert.Equal(12, AddressPlan.FreeHost(lab));
    }

    [Fact]
    public void Hardware_addresses_are_unicast_local_and_distinct()
    {
        var all = (from index in Enumerable.Range(0, AddressPlan.MaxLabs) from host in (int[])[AddressPlan.FirstHost, AddressPlan.LastHost] select AddressPlan.HardwareAddress(index, host)).ToList();
        Assert.All(all, mac => Assert.Equal(2, mac[0] & 3));
        Assert.Equal(all.Count, all.Select(Convert.ToHexString).Distinct().Count());
    }
}
