using CsCheck;

namespace Swarm.Security.Tests;

public sealed class JoinTokenTests
{
    [Fact]
    public void A_token_has_Dockers_format() =>
        Assert.Matches("^SWMTKN-1-[0-9a-z]{50}-[0-9a-z]{25}$", JoinToken.Generate("sha256:" + new string('f', 64)).Reveal());

    [Fact]
    public void The_digest_survives_the_token() => Gen.Byte.Array[32].Sample(hash =>
    {
        var digest = "sha256:" + Convert.ToHexStringLower(hash);
        Assert.True(JoinToken.TryParse(JoinToken.Generate(digest).Reveal(), out var token, out _));
        Assert.Equal(digest, token.RootDigest);
    });

    [Fact]
    public void A_token_made_by_Docker_is_read()
    {
        // From Docker's documentation of `docker swarm join-token`.
        const string docker = "SWMTKN-1-3pu6hszjas19xyp7ghgosyx9k8atbfcr8p2is99znpy26u2lkl-7p73s1dx5in4tatdymyhg9hu2";
        Assert.True(JoinToken.TryParse(docker, out var token, out _));
        Assert.StartsWith("sha256:", token.RootDigest, StringComparison.Ordinal);
        Assert.Equal(71, token.RootDigest.Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("SWMTKN-1-")]
    [InlineData("SWMTKN-1-3pu6hszjas19xyp7ghgosyx9k8atbfcr8p2is99znpy26u2lkl")]
    [InlineData("SWMTKN-2-3pu6hszjas19xyp7ghgosyx9k8atbfcr8p2is99znpy26u2lkl-7p73s1dx5in4tatdymyhg9hu2")]
    [InlineData("SWMTKN-1-3PU6HSZJAS19XYP7GHGOSYX9K8ATBFCR8P2IS99ZNPY26U2LKL-7p73s1dx5in4tatdymyhg9hu2")]
    [InlineData("SWMTKN-1-3pu6hszjas19xyp7ghgosyx9k8atbfcr8p2is99znpy26u2lkl-7p73s1dx5in4tatdymyhg9hu")]
    [InlineData("SWMTKN-1-3pu6hszjas19xyp7ghgosyx9k8atbfcr8p2is99znpy26u2lkl-7p73s1dx5in4tatdymyhg9hu2-x")]
    [InlineData("SWMTKN-1-zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz-7p73s1dx5in4tatdymyhg9hu2")]
    public void What_is_no_token_is_refused_with_Dockers_text(string text)
    {
        Assert.False(JoinToken.TryParse(text, out _, out var error));
        Assert.Equal("invalid join token", error);
    }

    [Fact]
    public void Only_the_very_token_matches()
    {
        var token = JoinToken.Generate("sha256:" + new string('a', 64)).Reveal();
        Assert.True(JoinToken.Matches(token, token));
        Assert.False(JoinToken.Matches(token, JoinToken.Generate("sha256:" + new string('a', 64)).Reveal()));
        Assert.False(JoinToken.Matches(token, token[..^1]));
        Assert.False(JoinToken.Matches("", ""));
    }

    [Fact]
    public void Two_tokens_of_one_root_differ_only_in_the_secret()
    {
        var digest = "sha256:" + new string('7', 64);
        var (one, two) = (JoinToken.Generate(digest).Reveal(), JoinToken.Generate(digest).Reveal());
        Assert.Equal(one[..59], two[..59]);
        Assert.NotEqual(one, two);
    }

    [Fact]
    public void The_secret_is_not_printed()
    {
        var token = JoinToken.Generate("sha256:" + new string('a', 64));
        Assert.DoesNotContain(token.Reveal()[^25..], token.ToString(), StringComparison.Ordinal);
    }
}
