namespace Swarm.Chaos.Tests.Timeline;

public sealed class DiceTests
{
    [Fact]
    public void A_seed_rolls_the_same_for_ever()
    {
        var dice = Dice.For(1, "test");
        Assert.Equal([14, 47, 16, 19, 40], Enumerable.Range(0, 5).Select(_ => dice.Next(100)));
    }

    [Fact]
    public void Every_side_comes_up()
    {
        var dice = Dice.For(2, "sides");
        Assert.Equal(6, Enumerable.Range(0, 1000).Select(_ => dice.Next(6)).Distinct().Count());
    }

    [Fact]
    public void Purposes_are_independent() =>
        Assert.NotEqual(Rolls(Dice.For(1, "a")), Rolls(Dice.For(1, "b")));

    [Fact]
    public void Seeds_differ() => Assert.Equal(1000, Enumerable.Range(0, 1000).Select(s => string.Join(',', Rolls(Dice.For(s, "a")))).Distinct().Count());

    [Fact]
    public void Shuffling_loses_nothing()
    {
        var shuffled = Dice.For(3, "deck").Shuffled(Enumerable.Range(0, 52));
        Assert.NotEqual(Enumerable.Range(0, 52), shuffled);
        Assert.Equal(Enumerable.Range(0, 52), shuffled.Order());
    }

    private static List<int> Rolls(Dice dice) => [.. Enumerable.Range(0, 16).Select(_ => dice.Next(1000))];
}
