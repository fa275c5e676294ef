namespace Swarm.Security.Tests;

public sealed class UnlockKeyTests
{
    [Fact]
    public void A_key_has_Dockers_form_and_survives_it()
    {
        var key = UnlockKey.Generate();
        Assert.Matches("^SWMKEY-1-[A-Za-z0-9+/]{43}$", key.Reveal());
        Assert.True(UnlockKey.TryParse(key.Reveal(), out var again));
        Assert.True(key.IsSame(again));
        Assert.False(key.IsSame(UnlockKey.Generate()));
        Assert.False(key.IsSame(null));
    }

    [Fact]
    public void Dockers_own_example_is_a_key() => Assert.True(UnlockKey.TryParse("SWMKEY-1-7c37Cc8654o6p38HnroywCi19pllOnGtbdZEgtKxZu8", out _));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("SWMKEY-1-")]
    [InlineData("SWMKEY-2-7c37Cc8654o6p38HnroywCi19pllOnGtbdZEgtKxZu8")]
    [InlineData("SWMKEY-1-7c37Cc8654o6p38HnroywCi19pllOnGtbdZEgtKxZu")]
    [InlineData("SWMKEY-1-7c37Cc8654o6p38HnroywCi19pllOnGtbdZEgtKxZu8=")]
    [InlineData("SWMKEY-1-7c37Cc8654o6p38HnroywCi19pllOnGtbdZEgtKxZ!8")]
    public void What_is_no_key_is_refused(string? text) => Assert.False(UnlockKey.TryParse(text, out _));

    [Fact]
    public void A_key_does_not_show_itself()
    {
        var key = UnlockKey.Generate();
        Assert.DoesNotContain(key.Reveal()[9..], key.ToString(), StringComparison.Ordinal);
    }
}
