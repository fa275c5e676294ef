using Swarm.Compose.Variables;

namespace Swarm.Compose.Tests;

public sealed class InterpolationTests
{
    private static readonly Dictionary<string, string> Set = new() { ["A"] = "a", ["EMPTY"] = "", ["B_2"] = "b" };

    [Theory]
    [InlineData("$A", "a")]
    [InlineData("x${A}y$B_2-", "xayb-")]
    [InlineData("$$A $${A}", "$A ${A}")]
    [InlineData("${NONE:-other}", "other")]
    [InlineData("${EMPTY:-other}", "other")]
    [InlineData("${EMPTY-other}", "")]
    [InlineData("${NONE-other}", "other")]
    [InlineData("${A:+there}", "there")]
    [InlineData("${EMPTY:+there}", "")]
    [InlineData("${EMPTY+there}", "there")]
    [InlineData("${NONE+there}", "")]
    [InlineData("${NONE:-${A}/${NONE:-deep $$}}", "a/deep $")]
    [InlineData("${A?must}", "a")]
    [InlineData("${A:-${NONE?unused}}", "a")]
    [InlineData("${NONE:-a:b-c?d+e}", "a:b-c?d+e")]
    public void Variables_are_filled_in(string text, string filled) =>
        Assert.Equal(filled, new Interpolation(Set.GetValueOrDefault, _ => Assert.Fail("is set")).Apply(text));

    [Theory]
    [InlineData("${NONE:?give it}", "required variable NONE is missing a value: give it")]
    [InlineData("${EMPTY:?}", "required variable EMPTY is missing a value")]
    [InlineData("${NONE?}", "required variable NONE is missing a value")]
    [InlineData("${A", "invalid interpolation format")]
    [InlineData("${A:}", "invalid interpolation format")]
    [InlineData("${A:=b}", "invalid interpolation format")]
    [InlineData("cost: $5", "invalid interpolation format")]
    [InlineData("end$", "invalid interpolation format")]
    [InlineData("${}", "invalid interpolation format")]
    [InlineData("${A:-${A}", "invalid interpolation format")]
    public void What_is_wrong_is_said(string text, string message) =>
        Assert.StartsWith(message, Assert.Throws<FormatException>(() => new Interpolation(Set.GetValueOrDefault, _ => { }).Apply(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_wrong_text_is_not_shown_since_it_may_be_a_secret() =>
        Assert.DoesNotContain("pa", Assert.Throws<FormatException>(() => new Interpolation(Set.GetValueOrDefault, _ => { }).Apply("pa$5")).Message, StringComparison.Ordinal);

    [Fact]
    public void What_is_not_set_is_empty_and_named()
    {
        var unset = new List<string>();
        Assert.Equal("[]", new Interpolation(Set.GetValueOrDefault, unset.Add).Apply("[${NONE}$OTHER]"));
        Assert.Equal(["NONE", "OTHER"], unset);
    }
}
