using Swarm.Lab.Network;

namespace Swarm.Lab.Tests.Network;

public sealed class CutTests
{
    [Theory]
    [InlineData("m1->m2", "m1->m2")]
    [InlineData("m1>m2", "m1->m2")]
    [InlineData("m1->m2 m2->m3,m3>m1", "m1->m2 m2->m3 m3->m1")]
    [InlineData("m1->m2 m1>m2", "m1->m2")]
    public void Edges_are_read_each_once(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', Cut.Checked(Records.Lab(), Cut.Parse([text]))));

    [Theory]
    [InlineData("m1", "'m1' is no cut: a cut is written 'm1->m2' (what m1 sends, m2 never hears)")]
    [InlineData("m1->", "'m1->' is no cut: a cut is written 'm1->m2' (what m1 sends, m2 never hears)")]
    [InlineData("m1->m2->m3", "'m1->m2->m3' is no cut: a cut is written 'm1->m2' (what m1 sends, m2 never hears)")]
    [InlineData("m1>>m2", "'m1>>m2' is no cut: a cut is written 'm1->m2' (what m1 sends, m2 never hears)")]
    [InlineData("m1->m1", "m1 always hears itself: a cut is written 'm1->m2' (what m1 sends, m2 never hears)")]
    [InlineData("m1->m9", "lab demo has no node 'm9': it has m1, m2, m3, w1, w2")]
    [InlineData("", "nothing to cut: a cut is written 'm1->m2' (what m1 sends, m2 never hears); 'heal' ends all cuts")]
    public void What_is_no_cut_is_refused(string text, string message) =>
        Assert.Equal(message, Assert.Throws<LabException>(() => Cut.Checked(Records.Lab(), Cut.Parse([text]))).Message);

    [Fact]
    public void A_cut_deafens_the_receiver_alone()
    {
        var lab = Records.Lab();
        lab = lab with { Cuts = [.. Cut.Checked(lab, [("m1", "m2"), ("m3", "m2")])] };
        Assert.Contains("    ip saddr { 10.77.4.11, 10.77.4.13 } drop\n", Partition.Rules(lab, "m2"), StringComparison.Ordinal);
        Assert.DoesNotContain("drop", Partition.Rules(lab, "m1"), StringComparison.Ordinal);
        Assert.DoesNotContain("drop", Partition.Rules(lab, "m3"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(CutPath.Data, new[] { " udp dport 4789 drop" })]
    [InlineData(CutPath.Control, new[] { " udp dport != 4789 drop", " meta l4proto != udp drop" })]
    public void A_cut_of_one_path_leaves_the_other(CutPath path, string[] dropped)
    {
        var lab = Records.Lab();
        lab = lab with { Cuts = [.. Cut.Checked(lab, [("m1", "m2")], path)] };
        var rules = Partition.Rules(lab, "m2").Split('\n').Where(line => line.Contains("drop", StringComparison.Ordinal));
        Assert.Equal(dropped.Select(match => "    ip saddr { 10.77.4.11 }" + match), rules);
        Assert.Equal($"m1->m2 ({(path == CutPath.Data ? "data" : "control")} path)", string.Join(' ', lab.Cuts));
    }

    [Fact]
    public void A_partition_is_the_same_as_its_edges()
    {
        var lab = Records.Lab(managers: 3, workers: 0);
        var byGroups = Partition.Cuts(Partition.Parse(lab, ["m1 / m2,m3"]));
        Assert.Equal(
            [new Cut("m1", "m2"), new Cut("m1", "m3"), new Cut("m2", "m1"), new Cut("m3", "m1")],
            byGroups.OrderBy(c => c.ToString(), StringComparer.Ordinal));
    }

    [Fact]
    public void A_removed_node_takes_its_cuts_along()
    {
        var lab = Records.Lab();
        lab = lab with { Cuts = [.. Cut.Checked(lab, [("m1", "m2"), ("w1", "m2"), ("m2", "w1")])], Partition = [["w1"], ["m2", "m1"]] };
        var without = lab.Without(lab.Node("w1"));
        Assert.Equal([new Cut("m1", "m2")], without.Cuts.AsEnumerable());
        Assert.Equal("m2,m1", string.Join('|', without.Partition.Select(g => string.Join(',', g))));
        Assert.DoesNotContain("10.77.4.14", Partition.Rules(without, "m2"), StringComparison.Ordinal);
    }
}
