using Swarm.Lab.Network;
using Swarm.Lab.State;

namespace Swarm.Lab.Tests.Network;

public sealed class LossTests
{
    [Theory]
    [InlineData("20%", 0.2)]
    [InlineData("0.2", 0.2)]
    [InlineData("0", 0)]
    [InlineData("100%", 1)]
    [InlineData("0.5%", 0.005)]
    public void A_share_is_read(string text, double ratio) => Assert.Equal(ratio, Loss.Parse(text), 9);

    [Theory]
    [InlineData("20")]
    [InlineData("101%")]
    [InlineData("-1%")]
    [InlineData("1.5")]
    [InlineData("NaN")]
    [InlineData("much")]
    [InlineData("%")]
    public void What_is_no_share_is_refused(string text) => Assert.Throws<LabException>(() => Loss.Parse(text));

    [Fact]
    public void Not_a_number_is_refused() => Assert.Throws<LabException>(() => Loss.Checked(double.NaN));

    [Fact]
    public void A_lossy_node_loses_what_it_gets_and_the_others_lose_what_it_sends()
    {
        var lab = Lossy(("m1", 0.2));
        Assert.Contains(
            "    ip saddr { 10.77.4.12, 10.77.4.13, 10.77.4.14, 10.77.4.15 } numgen random mod 10000 < 2000 drop\n", Partition.Rules(lab, "m1"), StringComparison.Ordinal);
        Assert.Contains("    ip saddr { 10.77.4.11 } numgen random mod 10000 < 2000 drop\n", Partition.Rules(lab, "w1"), StringComparison.Ordinal);
        Assert.DoesNotContain("10.77.4.13", Partition.Rules(lab, "w1"), StringComparison.Ordinal);
    }

    [Fact]
    public void Between_two_lossy_nodes_the_worse_one_counts_once()
    {
        var lab = Lossy(("m1", 0.2), ("m2", 0.5));
        var arriving = Loss.Arriving(lab, "m1").ToDictionary(l => l.Parts, l => string.Join(',', l.From));
        Assert.Equal("m2", arriving[5000]);
        Assert.Equal("m3,w1,w2", arriving[2000]);
        Assert.Equal(2, arriving.Count);
    }

    private static LabRecord Lossy(params (string Node, double Ratio)[] nodes) =>
        nodes.Aggregate(Records.Lab(), (lab, n) => lab.With(lab.Node(n.Node) with { Loss = n.Ratio }));
}
