using Swarm.Lab.Processes;

namespace Swarm.Lab.Tests.Processes;

public sealed class MountTableTests
{
    [Fact]
    public void A_bound_namespace_is_read_with_its_identity() =>
        Assert.Equal(
            new MountEntry("net:[4026532222]", "/run/netns/swarm-demo-m1", "nsfs"),
            MountTable.Parse("60 25 0:4 net:[4026532222] /run/netns/swarm-demo-m1 rw shared:5 - nsfs nsfs rw"));

    [Fact]
    public void Optional_fields_may_be_absent_and_blanks_are_octal() =>
        Assert.Equal(new MountEntry("/", "/var/lib/a b\\c", "overlay"), MountTable.Parse(@"60 25 0:40 / /var/lib/a\040b\134c rw,relatime - overlay overlay rw"));

    [Fact]
    public void This_machine_s_table_can_be_read() => Assert.Contains(MountTable.Read(), m => m is { Target: "/", Root: "/" });

    [Fact]
    public void There_is_nothing_to_detach_below_a_plain_folder()
    {
        var folder = Directory.CreateTempSubdirectory("swarm-lab-tests-");
        MountTable.DetachBelow(folder.FullName);
        Assert.True(folder.Exists);
        folder.Delete();
    }
}
