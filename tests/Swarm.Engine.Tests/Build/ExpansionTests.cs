using Swarm.Engine.Build.Dockerfiles;

namespace Swarm.Engine.Tests.Build;

public sealed class ExpansionTests
{
    private static string? Lookup(string name) => name switch { "a" => "A", "empty" => "", "path" => "/x/y/file.tar.gz", _ => null };

    [Theory]
    [InlineData("$a", "A")]
    [InlineData("${a}b", "Ab")]
    [InlineData("$ab", "")]
    [InlineData("x$", "x$")]
    [InlineData("\\$a", "$a")]
    [InlineData("'$a'", "$a")]
    [InlineData("\"$a b\"", "A b")]
    [InlineData("\"\\\"$a\\\"\"", "\"A\"")]
    [InlineData("${none:-d}", "d")]
    [InlineData("${empty:-d}", "d")]
    [InlineData("${empty-d}", "")]
    [InlineData("${a:-d}", "A")]
    [InlineData("${a:+d}", "d")]
    [InlineData("${empty:+d}", "")]
    [InlineData("${empty+d}", "d")]
    [InlineData("${none:-${a}b}", "Ab")]
    [InlineData("${none:-${none:-deep}}", "deep")]
    [InlineData("${path##*/}", "file.tar.gz")]
    [InlineData("${path#*/}", "x/y/file.tar.gz")]
    [InlineData("${path%.*}", "/x/y/file.tar")]
    [InlineData("${path%%.*}", "/x/y/file")]
    [InlineData("${path/x/z}", "/z/y/file.tar.gz")]
    [InlineData("${path//./-}", "/x/y/file-tar-gz")]
    public void Words_are_expanded(string word, string expected) => Assert.Equal(expected, Expansion.Word(word, Lookup, '\\'));

    [Theory]
    [InlineData("${a")]
    [InlineData("${}")]
    [InlineData("'x")]
    [InlineData("\"x")]
    [InlineData("${none:?needed}")]
    [InlineData("${a~b}")]
    public void What_is_malformed_is_refused(string word) =>
        Assert.Equal(400, Assert.Throws<EngineException>(() => Expansion.Word(word, Lookup, '\\')).Status);

    [Fact]
    public void A_text_keeps_its_quotes() => Assert.Equal("\"A\" '$b'\n", Expansion.Text("\"$a\" '\\$b'\n", Lookup, '\\'));

    [Theory]
    [InlineData("*.txt", "a.txt", true)]
    [InlineData("*.txt", "d/a.txt", false)]
    [InlineData("d/?.txt", "d/a.txt", true)]
    [InlineData("[a-c]x", "bx", true)]
    [InlineData("[^a-c]x", "bx", false)]
    [InlineData("a\\*", "a*", true)]
    public void Patterns_are_of_one_folder(string pattern, string path, bool matches) => Assert.Equal(matches, Patterns.Path(pattern).IsMatch(path));

    [Fact]
    public void The_last_rule_of_an_ignore_list_decides()
    {
        var list = IgnoreList.Parse("# all\n*\n!/keep\n**/*.log\n");
        Assert.True(list.Excludes("other"));
        Assert.True(list.Excludes("other/deep"));
        Assert.False(list.Excludes("keep"));
        Assert.False(list.Excludes("keep/deep"));
        Assert.True(list.Excludes("keep/a/b.log"));
    }

    [Theory]
    [InlineData("1m30s", 90_000_000_000)]
    [InlineData("1.5h", 5_400_000_000_000)]
    [InlineData("300ms", 300_000_000)]
    public void Durations_are_those_of_Go(string text, long nanoseconds) => Assert.Equal(nanoseconds, GoDuration.Parse(text));
}
