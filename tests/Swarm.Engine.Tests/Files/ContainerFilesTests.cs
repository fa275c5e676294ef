using System.Text;
using Swarm.Engine.Archives;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Files;
using Swarm.Engine.Tests.Containers;

namespace Swarm.Engine.Tests.Files;

/// <summary>`docker cp` into and out of containers that mean harm.</summary>
public sealed class ContainerFilesTests
{
    [RootFact]
    public async Task A_containers_links_lead_within_the_container()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.CreateAsync("true");
        var root = fixture.Roots.Mount(container.Id);
        var outside = Directory.CreateTempSubdirectory("engine-outside").FullName;
        try
        {
            File.CreateSymbolicLink(Path.Combine(root, "up"), "../../../../../../../.." + outside);
            File.CreateSymbolicLink(Path.Combine(root, "abs"), outside);
            using var files = await fixture.Engine.OpenFilesAsync(container, "c");
            Assert.Equal(404, Assert.Throws<EngineException>(() => files.Extract("/up", Archive(("f", "x")), false, false)).Status);
            Assert.Equal(404, Assert.Throws<EngineException>(() => files.Extract("/abs/", Archive(("f", "x")), false, false)).Status);
            files.Extract("/", Archive(("abs/f", "x"), ("up/g", "y")), false, false);
            Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
            Assert.Throws<EngineException>(() => files.Extract("/tmp", Archive(("../../f", "x")), false, false));
            Assert.False(File.Exists(Path.Combine(root, "f")));
        }
        finally
        {
            Directory.Delete(outside, recursive: true);
        }
    }

    [RootFact]
    public async Task Volumes_are_seen_in_a_container_that_never_ran_and_read_only_ones_are_kept()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.CreateAsync("true", new HostConfig { Binds = ["vol:/data", "kept:/kept:ro"] });
        using (var files = await fixture.Engine.OpenFilesAsync(container, "c"))
        {
            files.Extract("/data", Archive(("f", "in the volume")), false, false);
            Assert.Equal(403, Assert.Throws<EngineException>(() => files.Extract("/kept", Archive(("f", "")), false, false)).Status);
        }

        Assert.Equal("in the volume", await File.ReadAllTextAsync(Path.Combine(fixture.Engine.Volumes.DataPath("vol"), "f")));
        Assert.False(File.Exists(Path.Combine(fixture.Roots.Mount(container.Id), "data/f")));
        Assert.Empty(Directory.EnumerateFileSystemEntries(fixture.Engine.Volumes.DataPath("kept")));
        using var again = await fixture.Engine.OpenFilesAsync(container, "c");
        using var archive = new MemoryStream();
        again.WriteArchive("/data/.", archive);
        Assert.Equal(["./", "./f"], Names(archive));
    }

    [Theory]
    [InlineData("/", "/", "/")]
    [InlineData(".", "/", ".")]
    [InlineData("./", "/", ".")]
    [InlineData("/./", "/", ".")]
    [InlineData("a/b", "/a/b", "b")]
    [InlineData("a/b/", "/a/b", "b")]
    [InlineData("/a/b/.", "/a/b", ".")]
    [InlineData("/a/b/./", "/a/b", ".")]
    [InlineData("/a.", "/a.", "a.")]
    public void An_archives_names_begin_as_the_path_ends(string path, string clean, string name)
    {
        var parsed = ContainerPath.Parse(path);
        Assert.Equal((clean, name), (parsed.Clean, parsed.Base));
    }

    [RootFact]
    public async Task A_read_only_root_is_not_written()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.CreateAsync("true", new HostConfig { ReadonlyRootfs = true });
        using var files = await fixture.Engine.OpenFilesAsync(container, "c");
        Assert.Equal("container rootfs is marked read-only", Assert.Throws<EngineException>(() => files.Extract("/tmp", Archive(("f", "")), false, false)).Message);
    }

    [RootFact]
    public async Task Kinds_are_kept_when_asked_and_owners_are_the_archives()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.CreateAsync("true");
        var root = fixture.Roots.Mount(container.Id);
        using var files = await fixture.Engine.OpenFilesAsync(container, "c");
        Assert.Equal(400, Assert.Throws<EngineException>(() => files.Extract("/", Archive(("tmp", "a file")), keepKinds: true, false)).Status);
        Assert.True(Directory.Exists(Path.Combine(root, "tmp")));
        files.Extract("/", Archive(("tmp", "a file")), keepKinds: false, false);
        Assert.True(File.Exists(Path.Combine(root, "tmp")));
        using var archive = new MemoryStream();
        files.WriteArchive("/tmp", archive);
        archive.Position = 0;
        Assert.Equal((1234u, "tmp"), (new TarReader(archive, TarLimits.Default).Next() is { } entry ? (entry.Uid, entry.NameText) : default));
    }

    [RootFact]
    public async Task A_links_stat_says_where_it_leads()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.CreateAsync("true");
        var root = fixture.Roots.Mount(container.Id);
        File.CreateSymbolicLink(Path.Combine(root, "a"), "../../tmp/b");
        File.CreateSymbolicLink(Path.Combine(root, "tmp/b"), "/etc/nothing");
        using var files = await fixture.Engine.OpenFilesAsync(container, "c");
        var stat = files.Stat("/x/../a");
        Assert.Equal(("a", "/etc/nothing", 1u << 27), (stat.Name, stat.LinkTarget, stat.Mode & (1u << 27)));
        Assert.Equal(("/", 1u << 31), (files.Stat("/").Name, files.Stat("/").Mode & (1u << 31)));
        Assert.Equal("Could not find the file /a/b in container c", Assert.Throws<EngineException>(() => files.Stat("/a/b")).Message);
    }

    internal static MemoryStream Archive(params (string Name, string Text)[] members)
    {
        var stream = new MemoryStream();
        var writer = new TarWriter(stream);
        foreach (var (name, text) in members)
        {
            writer.Write(new TarEntry { Type = TarEntryType.File, Name = Encoding.UTF8.GetBytes(name), Mode = 0x1A4, Uid = 1234 }, Encoding.UTF8.GetBytes(text));
        }

        writer.Finish();
        stream.Position = 0;
        return stream;
    }

    private static List<string> Names(MemoryStream archive)
    {
        archive.Position = 0;
        var reader = new TarReader(archive, TarLimits.Default);
        var names = new List<string>();
        while (reader.Next() is { } entry)
        {
            names.Add(entry.NameText + (entry.Type == TarEntryType.Directory ? "/" : ""));
        }

        return names;
    }
}
