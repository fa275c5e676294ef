using Swarm.Lab.Network;

namespace Swarm.Lab.Tests.Network;

public sealed class PartitionTests
{
    [Theory]
    [InlineData("m1,m2 / m3,w1,w2", "m1,m2 | m3,w1,w2")]
    [InlineData("m1, m2/m3", "m1,m2 | m3 | w1,w2")]
    [InlineData("m1", "m1 | m2,m3,w1,w2")]
    [InlineData("m1 m2", "m1,m2 | m3,w1,w2")]
    [InlineData("m1 / m2 / m3 / w1 / w2", "m1 | m2 | m3 | w1 | w2")]
    public void Groups_are_read_and_the_unnamed_form_one_more(string text, string expected) =>
        Assert.Equal(expected, string.Join(" | ", Partition.Parse(Records.Lab(), [text]).Select(g => string.Join(',', g))));

    [Theory]
    [InlineData("m1 / m1", "node m1 is in two groups: name each once, as in 'partition m1,m2 / m3'")]
    [InlineData("m1 / m9", "lab demo has no node 'm9': it has m1, m2, m3, w1, w2")]
    [InlineData("m1,m2,m3,w1,w2", "a partition needs two groups: as in 'partition m1,m2 / m3', or 'partition m1' to cut one node off")]
    [InlineData("/", "a partition needs two groups: as in 'partition m1,m2 / m3', or 'partition m1' to cut one node off")]
    public void What_is_no_partition_is_refused_with_a_hint(string text, string message) =>
        Assert.Equal(message, Assert.Throws<LabException>(() => Partition.Parse(Records.Lab(), [text])).Message);

    [Fact]
    public void A_node_hears_nobody_of_the_other_groups()
    {
        var lab = Records.Lab();
        lab = lab with { Cuts = Partition.Cuts(Partition.Parse(lab, ["m1,w1 / m2,m3,w2"])) };
        Assert.Equal(["m2", "m3", "w2"], Partition.Unheard(lab, "m1"));
        Assert.Equal(["m1", "w1"], Partition.Unheard(lab, "w2"));
    }

    [Fact]
    public void Deafness_is_mutual()
    {
        var lab = Records.Lab();
        lab = lab with { Cuts = Partition.Cuts(Partition.Parse(lab, ["m1 / m2,w1"])) };
        foreach (var (a, b) in lab.Nodes.SelectMany(a => lab.Nodes.Select(b => (a.Name, b.Name))))
        {
            Assert.Equal(Partition.Unheard(lab, a).Contains(b), Partition.Unheard(lab, b).Contains(a));
        }
    }

    [Fact]
    public void Rules_drop_what_comes_from_the_unheard_and_nothing_else()
    {
        var lab = Records.Lab();
        lab = lab with { Cuts = Partition.Cuts(Partition.Parse(lab, ["m1 / m2,m3,w1,w2"])) };
        Assert.Contains("ip saddr { 10.77.4.12, 10.77.4.13, 10.77.4.14, 10.77.4.15 } drop", Partition.Rules(lab, "m1"), StringComparison.Ordinal);
        Assert.Contains("ip saddr { 10.77.4.11 } drop", Partition.Rules(lab, "w2"), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_partition_the_rules_only_clear_the_table() =>
        Assert.Equal("table ip swarm_lab {}\ndelete table ip swarm_lab\n", Partition.Rules(Records.Lab(), "m1"));
}
