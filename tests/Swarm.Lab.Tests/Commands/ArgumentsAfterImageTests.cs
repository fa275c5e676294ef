using System.CommandLine;
using Swarm.Commands;

namespace Swarm.Lab.Tests.Commands;

public sealed class ArgumentsAfterImageTests
{
    [Theory]
    [InlineData("service create busybox sh -c id", "service create -- busybox sh -c id")]
    [InlineData("service create --name web -d busybox sleep -x", "service create --name web -d -- busybox sleep -x")]
    [InlineData("service create --name=web -e A=b busybox --version", "service create --name=web -e A=b -- busybox --version")]
    [InlineData("-H unix:///x service create busybox -q", "-H unix:///x service create -- busybox -q")]
    [InlineData("service create -- busybox -q", "service create -- busybox -q")]
    [InlineData("service ls -q", "service ls -q")]
    [InlineData("node update m1 --availability drain", "node update m1 --availability drain")]
    [InlineData("lab shell m1 ip -4 addr", "lab shell -- m1 ip -4 addr")]
    [InlineData("lab shell --lab demo m1 ip -4 addr", "lab shell --lab demo -- m1 ip -4 addr")]
    public void What_follows_the_image_belongs_to_the_container(string typed, string parsed)
    {
        var (root, own) = SwarmCommandLine.Build(new Cli(TextWriter.Null, TextWriter.Null, TimeProvider.System));
        Assert.Equal(parsed, string.Join(' ', ArgumentsAfterImage.Separate(typed.Split(' '), root, own)));
    }
}
