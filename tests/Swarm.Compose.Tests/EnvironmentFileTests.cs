using Swarm.Compose.Variables;

namespace Swarm.Compose.Tests;

public sealed class EnvironmentFileTests
{
    [Fact]
    public void Values_are_bare_or_in_quotes_and_may_name_others()
    {
        var found = EnvironmentFile.Parse(
            """
            # comment
            A=one # not of it
            export B = two
            C='$A ${X:-y} # all of it'
            D="line\none $A"
            E="over
            lines"
            F=$OUTER-${A}
            G=
            H
            I=a#b
            J='it\'s'
            """,
            ".env",
            name => name == "OUTER" ? "outer" : null);
        Assert.Equal(
            new Dictionary<string, string?>
            {
                ["A"] = "one", ["B"] = "two", ["C"] = "$A ${X:-y} # all of it", ["D"] = "line\none one", ["E"] = "over\nlines", ["F"] = "outer-one",
                ["G"] = "", ["H"] = null, ["I"] = "a#b", ["J"] = "it's",
            },
            found.ToDictionary());
    }

    [Theory]
    [InlineData("A=1\nB C=2", ".env:2: 'B C' is not the name of a variable")]
    [InlineData("A=\"open", ".env:1: a quote is not closed")]
    [InlineData("A='x' y", ".env:1: something stands behind the closing quote")]
    public void What_is_wrong_is_said_with_its_line(string text, string message) =>
        Assert.Equal(message, Files.Refusal(() => EnvironmentFile.Parse(text, ".env", _ => null)));
}
