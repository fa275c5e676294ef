using Swarm.Engine.Tests.Layers;
using Swarm.Engine.UserNamespaces;

namespace Swarm.Engine.Tests.UserNamespaces;

public sealed class SubordinateIdsTests : IDisposable
{
    private readonly TemporaryFolder _etc = new();

    public SubordinateIdsTests()
    {
        File.WriteAllText(_etc["passwd"], "root:x:0:0::/:/bin/sh\nanna:x:1000:1001::/:/bin/sh\nempty:x:1002:1001::/:/bin/sh\n");
        File.WriteAllText(_etc["group"], "root:x:0:\nanna:x:1001:\nstaff:x:50:\n");
        File.WriteAllText(_etc["subuid"], "# whose\nother:1:2\nanna:100000:10\n1000:200000:65536\n");
        File.WriteAllText(_etc["subgid"], "anna:300000:65536\n");
    }

    public void Dispose() => _etc.Dispose();

    [Theory]
    [InlineData("anna")]
    [InlineData("anna:staff")]
    [InlineData("1000:50")]
    public void Ranges_follow_each_other_in_the_container(string specification)
    {
        var ids = new SubordinateIds(_etc.Path).Of(specification);
        Assert.Equal("0 100000 10\n10 200000 65536\n", ids.UidText);
        Assert.Equal("0 300000 65536\n", ids.GidText);
        Assert.Equal((100_000u, 300_000u), ids.Root);
        Assert.Equal((200_001u, 300_011u), ids.ToHost(11, 11));
        Assert.Equal((11u, 11u), ids.ToContainer(200_001, 300_011));
        Assert.Equal((65534u, 65534u), ids.ToContainer(0, 0));
        Assert.Contains("user 65546 cannot be mapped", Assert.Throws<InvalidDataException>(() => ids.ToHost(65_546, 0)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nobody", "user nobody of userns-remap has no entry in /etc/passwd")]
    [InlineData("4711", "uid 4711 has no entry in /etc/passwd")]
    [InlineData("anna:nobody", "group nobody of userns-remap has no entry in /etc/group")]
    [InlineData("anna:4711", "gid 4711 has no entry in /etc/group")]
    [InlineData("empty:staff", "no subuid ranges found for user \"empty\"")]
    [InlineData("a:b:c", "invalid user/group specification in userns-remap: \"a:b:c\"")]
    [InlineData("anna:", "invalid user/group specification in userns-remap: \"anna:\"")]
    public void Who_is_not_there_or_has_nothing_is_refused(string specification, string refusal) =>
        Assert.StartsWith(refusal, Assert.Throws<EngineException>(() => new SubordinateIds(_etc.Path).Of(specification)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("anna:100000")]
    [InlineData("anna:100000:0")]
    [InlineData("anna:4294967295:2")]
    [InlineData("anna:x:2")]
    public void A_line_that_gives_nothing_is_named(string line)
    {
        File.WriteAllText(_etc["subuid"], line + "\n");
        Assert.Contains(line, Assert.Throws<EngineException>(() => new SubordinateIds(_etc.Path).Of("anna")).Message, StringComparison.Ordinal);
    }
}
