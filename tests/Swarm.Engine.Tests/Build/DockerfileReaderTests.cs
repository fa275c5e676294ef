using Swarm.Engine.Build.Dockerfiles;

namespace Swarm.Engine.Tests.Build;

public sealed class DockerfileReaderTests
{
    [Fact]
    public void Continuations_skip_comments_and_blank_lines()
    {
        var file = DockerfileReader.Read("# a comment\nFROM x\nRUN a && \\\n  # not a part\n\n  b\n");
        Assert.Equal(["FROM x", "RUN a &&   b"], file.Instructions.Select(i => i.Original));
        Assert.Equal([2, 3], file.Instructions.Select(i => i.Line));
        Assert.Single(file.Warnings);
    }

    [Fact]
    public void The_escape_directive_changes_the_continuation()
    {
        var file = DockerfileReader.Read("# escape=`\nFROM x\nRUN dir `\n c:\\\nCMD y");
        Assert.Equal('`', file.Escape);
        Assert.Equal(["FROM x", "RUN dir  c:\\", "CMD y"], file.Instructions.Select(i => i.Original));
    }

    [Fact]
    public void A_directive_after_a_comment_is_a_comment() =>
        Assert.Equal('\\', DockerfileReader.Read("# hello\n# escape=`\nFROM x").Escape);

    [Fact]
    public void Here_documents_are_read_to_their_end()
    {
        var file = DockerfileReader.Read("FROM x\nCOPY <<-a <<\"b\" /d/\n\tone $x\n\ta\ntwo\n# three\nb\nRUN true");
        var copy = file.Instructions[1];
        Assert.Equal([new HereDocument("a", "one $x\na\n", false)], [copy.Documents[0] with { Content = copy.Documents[0].Content + "a\n" }]);
        Assert.Equal(new HereDocument("b", "two\n# three\n", true), copy.Documents[1]);
        Assert.Equal("RUN", file.Instructions[2].Name);
    }

    [Theory]
    [InlineData("FROM x\nFOO y", "dockerfile parse error on line 2: unknown instruction: FOO")]
    [InlineData("# only a comment", "file with no instructions")]
    [InlineData("FROM x\nRUN <<E\nabc", "dockerfile parse error on line 2: unterminated heredoc")]
    [InlineData("# escape=x\nFROM y", "dockerfile parse error on line 1: invalid escape token 'x' does not match ` or \\")]
    public void What_is_wrong_is_said_with_its_line(string text, string message)
    {
        var error = Assert.Throws<EngineException>(() => DockerfileReader.Read(text));
        Assert.Equal((400, message), (error.Status, error.Message));
    }

    [Theory]
    [InlineData("RUN true", "dockerfile parse error on line 1: no build stage in current context")]
    [InlineData("FROM a b", "dockerfile parse error on line 1: FROM requires either one or three arguments")]
    [InlineData("FROM a AS 1x", "dockerfile parse error on line 1: invalid name for build stage: \"1x\", name can't start with a number or contain symbols")]
    public void Stages_are_checked(string text, string message) =>
        Assert.Equal(message, Assert.Throws<EngineException>(() => Stages.Of(DockerfileReader.Read(text), "", new Dictionary<string, string>())).Message);

    [Fact]
    public void Steps_are_counted_over_all_stages_up_to_the_target()
    {
        var file = DockerfileReader.Read("ARG v=1\nFROM a AS one\nRUN x\nFROM b AS two\nRUN y\nRUN z\nFROM c\n");
        var stages = Stages.Of(file, "TWO", new Dictionary<string, string> { ["k"] = "it's" });
        Assert.Equal(7, stages.Steps);
        Assert.Equal([2, 4], stages.List.Select(stage => stage.FirstStep));
        Assert.Equal("LABEL k=it's", stages.List[1].Instructions[^1].Original);
    }
}
