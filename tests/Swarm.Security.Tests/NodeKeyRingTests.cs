using System.Security.Cryptography;
using Swarm.Model;

namespace Swarm.Security.Tests;

/// <summary>The node's secrets on disk, open and locked, and what a crash at any write leaves.</summary>
public sealed class NodeKeyRingTests : IDisposable
{
    private static readonly NodeIdentity Manager = new("node1", NodeRole.Manager, "cluster1");
    private readonly TestFolder _disk = new();
    private readonly RootCertificate _root = RootCertificate.Create(TimeProvider.System);
    private readonly UnlockKey _first = UnlockKey.Generate();
    private readonly UnlockKey _second = UnlockKey.Generate();

    public void Dispose()
    {
        _disk.Dispose();
        _root.Dispose();
    }

    [Fact]
    public void An_open_node_starts_without_a_key()
    {
        var made = Install(_disk.Folder);
        var ring = Load(_disk.Path, null)!;
        Assert.Equal(Manager, ring.Credentials.Identity);
        Assert.Equal(Bytes(made.DataKeys.Use()), Bytes(ring.DataKeys.Use()));
    }

    [Fact]
    public void Every_file_is_its_owners_alone()
    {
        Install(_disk.Folder);
        foreach (var name in new[] { NodeLock.FileName, NodeCredentials.KeyFile, DataKeyFile.Name })
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_disk.Path, name)));
        }
    }

    [Fact]
    public void A_locked_node_opens_with_its_key_and_with_no_other()
    {
        var ring = Install(_disk.Folder);
        var locked = 0;
        ring.Locked += () => locked++;
        ring.Follow(_first);
        ring.Follow(_first);
        ring.Follow(_second);
        ring.Follow(_first);
        Assert.Equal(1, locked);
        Assert.True(NodeLock.LoadOrCreate(_disk.Folder).IsLocked);
        Assert.Null(Load(_disk.Path, _second));
        Assert.Equal(Manager, Load(_disk.Path, _first)!.Credentials.Identity);
    }

    [Fact]
    public void A_lock_that_was_opened_once_still_tells_a_wrong_key()
    {
        Install(_disk.Folder).Follow(_first);
        var seal = NodeLock.LoadOrCreate(_disk.Folder);
        Assert.True(seal.TryUnlock(_first));
        Assert.False(seal.TryUnlock(_second));
        Assert.True(seal.TryUnlock(_first));
    }

    [Fact]
    public void Nothing_is_read_from_a_locked_node()
    {
        Install(_disk.Folder).Follow(_first);
        var seal = NodeLock.LoadOrCreate(_disk.Folder);
        Assert.Throws<InvalidOperationException>(() => NodeCredentials.Load(_disk.Folder, seal));
        Assert.Throws<InvalidOperationException>(() => DataKeyFile.LoadOrCreate(_disk.Folder, seal));
        Assert.Throws<InvalidOperationException>(() => seal.Follow(null));
    }

    [Fact]
    public void What_lay_open_does_not_open_what_is_locked()
    {
        var ring = Install(_disk.Folder);
        var openLock = File.ReadAllBytes(Path.Combine(_disk.Path, NodeLock.FileName));
        var openKeys = Bytes(ring.DataKeys.Use());
        ring.Follow(_first);

        File.WriteAllBytes(Path.Combine(_disk.Path, NodeLock.FileName), openLock);
        Assert.Throws<CryptographicException>(() => NodeCredentials.Load(_disk.Folder, NodeLock.LoadOrCreate(_disk.Folder)));
        Assert.DoesNotContain(Bytes(ring.DataKeys.Use())[0], openKeys);
    }

    [Fact]
    public void The_data_keys_of_before_still_open_what_they_wrote()
    {
        var ring = Install(_disk.Folder);
        var before = Bytes(ring.DataKeys.Use());
        ring.Follow(_first);
        Assert.Equal(before, Bytes(Load(_disk.Path, _first)!.DataKeys.Use())[1..]);
    }

    [Fact]
    public void Keys_that_were_never_in_use_do_not_pile_up()
    {
        var ring = Install(_disk.Folder);
        ring.DataKeys.Use();
        for (var i = 0; i < 3 * DataKeyFile.MaxKeys; i++)
        {
            ring.Follow(_first);
            ring.Follow(null);
        }

        Assert.Equal(2, ring.DataKeys.Use().Count);
    }

    [Fact]
    public void Old_data_keys_go_when_nothing_is_under_them_any_more_and_a_newer_one_stays()
    {
        var ring = Install(_disk.Folder);
        ring.DataKeys.Use();
        ring.Follow(_first);
        Assert.True(ring.DataKeys.HasOldKeys);
        var used = ring.DataKeys.Use()[0];
        ring.Follow(null);
        ring.Follow(_first);
        ring.DataKeys.ForgetOldKeys(used);
        Assert.Equal(2, ring.DataKeys.Use().Count);
        Assert.Equal(used.ToArray(), Bytes(Load(_disk.Path, _first)!.DataKeys.Use())[1]);
        ring.DataKeys.ForgetOldKeys(ring.DataKeys.Use()[0]);
        Assert.False(Load(_disk.Path, _first)!.DataKeys.HasOldKeys);
    }

    [Fact]
    public void No_key_in_use_is_ever_dropped()
    {
        var ring = Install(_disk.Folder);
        var first = Bytes(ring.DataKeys.Use())[0];
        for (var i = 0; i < 3 * DataKeyFile.MaxKeys; i++)
        {
            ring.Follow(_first);
            ring.DataKeys.Use();
            ring.Follow(null);
        }

        Assert.Equal(first, Bytes(Load(_disk.Path, null)!.DataKeys.Use())[^1]);
    }

    [Fact]
    public void Moving_to_another_key_is_one_write()
    {
        var folder = _disk.Folder;
        var ring = Install(folder);
        ring.Follow(_first);
        var writes = new List<string>();
        folder.Written = writes.Add;
        ring.Follow(_second);
        Assert.Equal([NodeLock.FileName], writes);
        Assert.Null(Load(_disk.Path, _first));
        Assert.Equal(Manager, Load(_disk.Path, _second)!.Credentials.Identity);
    }

    [Fact]
    public void Opening_is_one_write()
    {
        var folder = _disk.Folder;
        var ring = Install(folder);
        ring.Follow(_first);
        var writes = new List<string>();
        folder.Written = writes.Add;
        ring.Follow(null);
        Assert.Equal([NodeLock.FileName], writes);
        Assert.Equal(Manager, Load(_disk.Path, null)!.Credentials.Identity);
    }

    /// <summary>Without <see cref="NodeLock"/> holding both sealing keys until all is sealed anew, the states in the middle open with neither.</summary>
    [Fact]
    public void A_crash_at_any_write_of_locking_leaves_a_node_that_opens_with_the_key()
    {
        var folder = _disk.Folder;
        var ring = Install(folder);
        var before = Bytes(ring.DataKeys.Use());
        using var crashes = new TestFolder();
        var states = new List<string>();
        folder.Written = name => states.Add(Copy(crashes, name));
        ring.Follow(_first);
        folder.Written = null;

        Assert.True(states.Count >= 4);
        foreach (var state in states)
        {
            Assert.Null(Load(state, null));
            var found = Load(state, _first)!;
            Assert.Equal(Manager, found.Credentials.Identity);
            Assert.Equal(before[^1], Bytes(found.DataKeys.Use())[^1]);
            Assert.False(found.Seal.HasOldKeys);
            Assert.Equal(Manager, Load(state, _first)!.Credentials.Identity);
        }
    }

    [Fact]
    public void A_crash_at_any_write_of_a_renewal_on_a_locked_node_leaves_it_usable()
    {
        var folder = _disk.Folder;
        var ring = Install(folder);
        ring.Follow(_first);
        using var crashes = new TestFolder();
        var states = new List<string>();
        folder.Written = name => states.Add(Copy(crashes, name));
        using var next = RootCertificate.Create(TimeProvider.System);
        using var key = new NodeKey();
        var certificate = next.IssueNodeCertificate(key.CreateRequest(), Manager, TimeSpan.FromDays(1), TimeProvider.System);
        ring.Credentials.Replace(key, certificate, next.Pem);
        Assert.True(states.Count >= 5);
        foreach (var state in states)
        {
            Assert.Equal(Manager, Load(state, _first)!.Credentials.Identity);
        }

        Assert.Equal(next.Digest, Load(_disk.Path, _first)!.Credentials.Current.Issuer!.Digest);
    }

    [Fact]
    public void The_files_of_a_version_before_locks_are_read_and_sealed_when_the_node_locks()
    {
        var plain = InstallPlain(_disk.Folder);
        var dataKey = RandomNumberGenerator.GetBytes(DataKeyFile.KeySize);
        _disk.Folder.Write(DataKeyFile.Name, dataKey);
        var ring = Load(_disk.Path, null)!;
        Assert.Equal(plain.Identity, ring.Credentials.Identity);
        Assert.Equal(dataKey, Assert.Single(Bytes(ring.DataKeys.Use())));

        ring.Follow(_first);
        Assert.DoesNotContain("-----BEGIN PRIVATE KEY", File.ReadAllText(Path.Combine(_disk.Path, NodeCredentials.KeyFile)), StringComparison.Ordinal);
        Assert.False(File.ReadAllBytes(Path.Combine(_disk.Path, DataKeyFile.Name)).AsSpan().IndexOf(dataKey) >= 0);
        Assert.Equal(Manager, Load(_disk.Path, _first)!.Credentials.Identity);
    }

    [Theory]
    [InlineData(NodeLock.FileName)]
    [InlineData(DataKeyFile.Name)]
    public void A_damaged_file_stops_the_start_and_is_left_as_it_is(string name)
    {
        Install(_disk.Folder);
        File.WriteAllText(Path.Combine(_disk.Path, name), "not a key");
        Assert.Throws<InvalidDataException>(() => Load(_disk.Path, null));
        Assert.Equal("not a key", File.ReadAllText(Path.Combine(_disk.Path, name)));
    }

    [Fact]
    public void What_was_sealed_for_one_purpose_does_not_open_for_another()
    {
        var seal = NodeLock.LoadOrCreate(_disk.Folder);
        var box = seal.Seal("one", [1, 2, 3]);
        Assert.Equal([1, 2, 3], seal.Open("one", box)!);
        Assert.Null(seal.Open("two", box));
        box[^1] ^= 1;
        Assert.Null(seal.Open("one", box));
    }

    private NodeKeyRing Install(NodeFolder folder)
    {
        var seal = NodeLock.LoadOrCreate(folder);
        using var key = new NodeKey();
        return NodeKeyRing.Open(folder, seal, NodeCredentials.Install(folder, key, Issue(key), _root.Pem, seal));
    }

    private NodeCredentials InstallPlain(NodeFolder folder)
    {
        using var key = new NodeKey();
        return NodeCredentials.Install(folder, key, Issue(key), _root.Pem);
    }

    private string Issue(NodeKey key) => _root.IssueNodeCertificate(key.CreateRequest(), Manager, TimeSpan.FromDays(1), TimeProvider.System);

    /// <summary>As a daemon that starts; null if the key does not open it.</summary>
    private static NodeKeyRing? Load(string path, UnlockKey? key)
    {
        var folder = new NodeFolder(path);
        var seal = NodeLock.LoadOrCreate(folder);
        return seal.IsLocked && (key is null || !seal.TryUnlock(key)) ? null : NodeKeyRing.Open(folder, seal, NodeCredentials.Load(folder, seal)!);
    }

    private string Copy(TestFolder to, string name)
    {
        var copy = Directory.CreateDirectory(Path.Combine(to.Path, $"{Directory.GetDirectories(to.Path).Length}-{name}")).FullName;
        foreach (var file in Directory.GetFiles(_disk.Path))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return copy;
    }

    private static List<byte[]> Bytes(IEnumerable<ReadOnlyMemory<byte>> keys) => [.. keys.Select(key => key.ToArray())];
}
