using Swarm.Chaos.Faults;

namespace Swarm.Chaos.Tests.Faults;

public sealed class PathShapesTests
{
    private static readonly string[] Nodes = ["m1", "m2", "m3", "w1", "w2"];

    [Fact]
    public void Seeds_draw_every_shape_and_no_node_is_cut_from_itself()
    {
        var drawn = Enumerable.Range(1, 200).Select(seed => PathShapes.Data(new Dice((ulong)seed), Nodes).Edges).ToList();
        Assert.All(drawn, edges => Assert.DoesNotContain(edges, edge => edge.From == edge.To));
        Assert.Equal([1, 2, 4, 6, 8, 12], drawn.Select(edges => edges.Count).Distinct().Order());
    }

    [Fact]
    public void Around_a_node_every_edge_has_it()
    {
        var drawn = Enumerable.Range(1, 50).Select(seed => PathShapes.Around(new Dice((ulong)seed), "w1", Nodes).Edges).ToList();
        Assert.All(drawn, edges => Assert.All(edges, edge => Assert.True(edge.From == "w1" || edge.To == "w1")));
        Assert.Contains(drawn, edges => edges.All(edge => edge.From == "w1"));
        Assert.Contains(drawn, edges => edges.All(edge => edge.To == "w1"));
        Assert.Contains(drawn, edges => edges.Count == 8);
    }
}
