using Swarm.Engine.Archives;
using Swarm.Engine.Tests.Layers;

namespace Swarm.Engine.Tests.Archives;

public sealed class HostileArchiveTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _root;
    private readonly string _outside;

    public HostileArchiveTests()
    {
        _root = _folder.Make("root");
        _outside = _folder.Make("outside");
        File.WriteAllText(_folder["outside/secret"], "untouched");
    }

    public void Dispose()
    {
        Assert.Equal(["secret"], Directory.GetFileSystemEntries(_outside).Select(Path.GetFileName));
        Assert.Equal("untouched", File.ReadAllText(_folder["outside/secret"]));
        _folder.Dispose();
    }

    [Theory]
    [InlineData("../outside/x")]
    [InlineData("a/../../outside/x")]
    [InlineData("./../outside/secret")]
    public void Name_that_leads_out_is_refused(string name) =>
        Assert.Throws<InvalidDataException>(() => ArchiveExtractor.Extract(Tar.Of(Tar.File(name, "evil")), _root));

    [Fact]
    public void Absolute_name_lands_below_the_root()
    {
        ArchiveExtractor.Extract(Tar.Of(Tar.File(_outside + "/secret", "evil")), _root);
        Assert.Equal("evil", File.ReadAllText(_root + _outside + "/secret"));
    }

    [Fact]
    public void Absolute_link_is_resolved_below_the_root()
    {
        Directory.CreateDirectory(_root + _outside);
        ArchiveExtractor.Extract(Tar.Of(Tar.Link("door", _outside), Tar.File("door/secret", "evil")), _root);
        Assert.Equal("evil", File.ReadAllText(_root + _outside + "/secret"));
    }

    [Fact]
    public void Relative_link_does_not_climb_out()
    {
        ArchiveExtractor.Extract(Tar.Of(Tar.Link("door", "../outside"), Tar.Folder("outside"), Tar.File("door/secret", "evil")), _root);
        Assert.Equal("evil", File.ReadAllText(Path.Combine(_root, "outside/secret")));
    }

    [Fact]
    public void File_replaces_a_link_instead_of_writing_through_it()
    {
        ArchiveExtractor.Extract(Tar.Of(Tar.Link("file", _outside + "/secret"), Tar.File("file", "evil")), _root);
        Assert.Null(new FileInfo(Path.Combine(_root, "file")).LinkTarget);
    }

    [Fact]
    public void Folder_replaces_a_link_instead_of_changing_its_target()
    {
        var before = File.GetUnixFileMode(_outside);
        ArchiveExtractor.Extract(Tar.Of(Tar.Link("folder", _outside), Tar.Folder("folder", 0x1FF), Tar.File("folder/x")), _root);
        Assert.Equal(before, File.GetUnixFileMode(_outside));
        Assert.True(File.Exists(Path.Combine(_root, "folder/x")));
    }

    [Theory]
    [InlineData("../outside/secret")]
    [InlineData("door/secret")]
    public void Hard_link_to_the_outside_is_refused(string target) =>
        Assert.ThrowsAny<SystemException>(() => Extract(Tar.Of(Tar.Link("door", _outside), Tar.HardLink("steal", target))));

    [Fact]
    public void Hard_link_to_a_folder_is_the_archive_s_fault() =>
        Assert.Throws<InvalidDataException>(() => Extract(Tar.Of(Tar.Folder("d"), Tar.HardLink("second", "d"))));

    [Fact]
    public void Hard_link_to_a_link_does_not_follow_it()
    {
        ArchiveExtractor.Extract(Tar.Of(Tar.Link("door", _outside + "/secret"), Tar.HardLink("second", "door"), Tar.File("second", "evil")), _root);
        Assert.Equal("evil", File.ReadAllText(Path.Combine(_root, "second")));
    }

    [Fact]
    public void Replacing_a_folder_deletes_links_in_it_and_not_their_targets()
    {
        ArchiveExtractor.Extract(Tar.Of(Tar.Folder("d"), Tar.Link("d/door", _outside), Tar.File("d", "now a file")), _root);
        Assert.Equal("now a file", File.ReadAllText(Path.Combine(_root, "d")));
    }

    [Fact]
    public void Whiteout_of_dot_dot_is_refused() =>
        Assert.Throws<InvalidDataException>(() => Extract(Tar.Of(Tar.File("d/.wh..."))));

    [Fact]
    public void Overlay_attributes_of_an_image_are_dropped()
    {
        var entry = Tar.Folder("d") with { ExtendedAttributes = [new TarAttribute("trusted.overlay.redirect", "/etc"u8.ToArray())] };
        Extract(Tar.Of(entry));
        using var root = DirectoryCalls.OpenRoot(_root);
        Assert.Null(ExtendedAttributeCalls.GetAt(root, "d"u8, "trusted.overlay.redirect"));
    }

    [Fact]
    public void Very_deep_tree_is_deleted()
    {
        var deep = Directory.CreateDirectory(_root + string.Concat(Enumerable.Repeat("/dddddddddddd", 300))).FullName;
        File.CreateSymbolicLink(deep + "/door", _outside);
        File.WriteAllText(deep + "/file", "x");
        Tree.Delete(_root);
        Assert.False(Directory.Exists(_root));
    }

    /// <summary>Someone in the container swaps a folder for a link while `docker cp` writes below it.</summary>
    [Fact]
    public async Task Link_swapped_in_during_extraction_does_not_lead_out()
    {
        Directory.CreateDirectory(Path.Combine(_root, "real"));
        File.CreateSymbolicLink(Path.Combine(_root, "evil"), _outside);
        using var stop = new CancellationTokenSource();
        var swapping = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                Tar.Exchange(Path.Combine(_root, "real"), Path.Combine(_root, "evil"));
            }
        });
        var archive = Tar.Of([.. Enumerable.Range(0, 40).SelectMany(i => new[] { Tar.File($"real/f{i}", "evil"), Tar.File($"other{i}/x") })]).ToArray();
        for (var i = 0; i < 15; i++)
        {
            try
            {
                ArchiveExtractor.Extract(new MemoryStream(archive), _root);
            }
            catch (IOException)
            {
                // The swapped name may just not be a folder; only where the bytes land matters (Dispose looks).
            }
        }

        await stop.CancelAsync();
        await swapping;
    }

    private void Extract(Stream tar) => ArchiveExtractor.Extract(tar, _root, new ExtractOptions { Whiteouts = WhiteoutForm.Overlay });
}
