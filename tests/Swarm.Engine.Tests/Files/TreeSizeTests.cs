using Swarm.Engine.Archives;
using Swarm.Engine.Files;

namespace Swarm.Engine.Tests.Files;

public sealed class TreeSizeTests
{
    [Fact]
    public void Files_and_links_count_in_whatever_folder()
    {
        var folder = Directory.CreateTempSubdirectory();
        Directory.CreateDirectory(Path.Combine(folder.FullName, "a", "b"));
        File.WriteAllBytes(Path.Combine(folder.FullName, "a", "b", "file"), new byte[1000]);
        File.CreateSymbolicLink(Path.Combine(folder.FullName, "link"), "four");
        Assert.Equal(1004, TreeSize.Of(folder.FullName));
        folder.Delete(recursive: true);
    }

    /// <summary>`docker system df` while a container is being removed.</summary>
    [Fact]
    public void Folder_that_is_removed_before_or_while_it_is_read_has_nothing()
    {
        var folder = Directory.CreateTempSubdirectory();
        using var open = DirectoryCalls.OpenRoot(folder.FullName);
        folder.Delete();
        Assert.Empty(DirectoryCalls.Names(open));
        Assert.Equal(0, TreeSize.Of(folder.FullName));
    }
}
