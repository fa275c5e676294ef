using Swarm.Chaos.Faults;

namespace Swarm.Chaos.Tests.Faults;

public sealed class CutShapesTests
{
    private static readonly string[] Five = ["m1", "m2", "m3", "m4", "m5"];

    [Fact]
    public void Between_two_sides_nobody_hears_anybody_in_either_direction() =>
        Assert.Equal([("m1", "m2"), ("m1", "m3"), ("m2", "m1"), ("m3", "m1")], CutShapes.Between(["m1"], ["m2", "m3"]).Order());

    [Fact]
    public void In_a_ring_of_five_each_hears_its_two_neighbours()
    {
        var cut = CutShapes.Ring(Five);
        Assert.All(Five, node => Assert.Equal(2, Five.Count(other => other != node && !cut.Contains((other, node)))));
        Assert.DoesNotContain(("m1", "m5"), cut);
        Assert.Contains(("m1", "m3"), cut);
    }

    [Fact]
    public void A_ring_of_three_cuts_nothing() => Assert.Empty(CutShapes.Ring(["m1", "m2", "m3"]));

    [Fact]
    public void Over_a_bridge_only_one_hears_both_halves()
    {
        var cut = CutShapes.Bridge(Five);
        Assert.DoesNotContain(cut, edge => edge.From == "m1" || edge.To == "m1");
        Assert.Equal([("m2", "m4"), ("m2", "m5"), ("m3", "m4"), ("m3", "m5"), ("m4", "m2"), ("m4", "m3"), ("m5", "m2"), ("m5", "m3")], cut.Order());
    }

    [Fact]
    public void Every_kind_has_one_name_and_targets_that_can_be_chosen()
    {
        Assert.Equal(FaultCatalog.All.Count, FaultCatalog.All.DistinctBy(f => f.Kind).Count());
        Assert.All(FaultCatalog.All, f => Assert.Empty(f.Targets.Except(Target.All)));
    }
}

public sealed class ClaimsTests
{
    [Fact]
    public void All_or_none_are_taken()
    {
        var claims = new Claims();
        Assert.True(claims.TryTake(["m1", "m2"]));
        Assert.False(claims.TryTake(["m2", "m3"]));
        Assert.True(claims.IsFree("m3"));
        claims.Release(["m2"]);
        Assert.True(claims.TryTake(["m2", "m3"]));
        Assert.False(claims.IsFree("m1"));
    }
}
