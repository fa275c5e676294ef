using Swarm.Engine.Archives;
using Swarm.Engine.Files;
using Swarm.Engine.Layers;
using Swarm.Engine.Tests.Containers;
using Swarm.Engine.Tests.Layers;

namespace Swarm.Engine.Tests.Files;

/// <summary>`docker diff`, from a real overlay.</summary>
public sealed class FileSystemChangesTests
{
    [RootFact]
    public void What_was_added_changed_and_deleted_is_told_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        var (lower, upper, work, merged) = (Make(folder, "lower"), Make(folder, "upper"), Make(folder, "work"), Make(folder, "merged"));
        foreach (var name in new[] { "kept", "gone", "changed", "etc/passwd", "emptied/a", "emptied/b" })
        {
            var path = Path.Combine(lower, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, "of the image");
        }

        OverlayMount.Mount([lower], upper, work, merged);
        try
        {
            File.Delete(Path.Combine(merged, "gone"));
            File.WriteAllText(Path.Combine(merged, "changed"), "by the container");
            File.WriteAllText(Path.Combine(merged, "added"), "");
            Directory.Delete(Path.Combine(merged, "emptied"), recursive: true);
            Directory.CreateDirectory(Path.Combine(merged, "emptied"));
            File.WriteAllText(Path.Combine(merged, "emptied/b"), "");
            File.WriteAllText(Path.Combine(merged, "etc/new"), "");
            File.WriteAllText(Path.Combine(merged, "etc/here-and-gone"), "");
            File.Delete(Path.Combine(merged, "etc/here-and-gone"));
        }
        finally
        {
            OverlayMount.Unmount(merged);
        }

        var changes = FileSystemChanges.Of(new RootfsFolders(upper, [lower])).Select(c => $"{"CAD"[(int)c.Kind]} {c.Path}");
        Assert.Equal(["A /added", "C /changed", "C /emptied", "D /emptied/a", "C /emptied/b", "C /etc", "A /etc/new", "D /gone"], changes);
    }

    private static string Make(TemporaryFolder folder, string name) => Directory.CreateDirectory(Path.Combine(folder.Path, name)).FullName;
}
