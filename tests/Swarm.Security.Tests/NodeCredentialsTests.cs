using System.Security.Cryptography;
using Swarm.Model;

namespace Swarm.Security.Tests;

public sealed class NodeCredentialsTests : IDisposable
{
    private static readonly NodeIdentity Worker = new("node1", NodeRole.Worker, "cluster1");
    private readonly TestFolder _disk = new();
    private readonly RootCertificate _root = RootCertificate.Create(TimeProvider.System);

    public void Dispose()
    {
        _disk.Dispose();
        _root.Dispose();
    }

    [Fact]
    public void A_node_of_no_cluster_has_none() => Assert.Null(NodeCredentials.Load(_disk.Folder));

    [Fact]
    public void Credentials_survive_a_restart()
    {
        Install(Worker);
        var loaded = NodeCredentials.Load(_disk.Folder);
        Assert.Equal(Worker, loaded!.Identity);
        Assert.True(loaded.Current.Certificate.HasPrivateKey);
        Assert.Equal(_root.Digest, loaded.Current.Issuer!.Digest);
    }

    [Fact]
    public void Only_the_owner_may_read_the_key()
    {
        Install(Worker);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_disk.Path, NodeCredentials.KeyFile)));
    }

    [Fact]
    public void A_renewed_certificate_is_current_at_once_and_after_a_restart()
    {
        var credentials = Install(Worker);
        NodeCertificate? told = null;
        credentials.Replaced += renewed => told = renewed;
        using var key = new NodeKey();
        credentials.Replace(key, Issue(key, Worker with { Role = NodeRole.Manager }));
        Assert.Equal(NodeRole.Manager, credentials.Identity.Role);
        Assert.Same(credentials.Current, told);
        Assert.Equal(NodeRole.Manager, NodeCredentials.Load(_disk.Folder)!.Identity.Role);
    }

    [Fact]
    public void A_crash_between_key_and_certificate_leaves_the_old_pair_usable()
    {
        Install(Worker);
        var before = File.ReadAllText(Path.Combine(_disk.Path, NodeCredentials.KeyFile));
        using var next = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _disk.Folder.Write(NodeCredentials.KeyFile, System.Text.Encoding.UTF8.GetBytes(next.ExportPkcs8PrivateKeyPem() + "\n" + before));
        Assert.Equal(Worker, NodeCredentials.Load(_disk.Folder)!.Identity);
    }

    [Fact]
    public void A_crash_after_the_certificate_leaves_the_new_pair_usable()
    {
        var credentials = Install(Worker);
        var before = File.ReadAllText(Path.Combine(_disk.Path, NodeCredentials.KeyFile));
        using var key = new NodeKey();
        credentials.Replace(key, Issue(key, Worker with { Role = NodeRole.Manager }));
        var after = File.ReadAllText(Path.Combine(_disk.Path, NodeCredentials.KeyFile));
        _disk.Folder.Write(NodeCredentials.KeyFile, System.Text.Encoding.UTF8.GetBytes(after + before));
        Assert.Equal(NodeRole.Manager, NodeCredentials.Load(_disk.Folder)!.Identity.Role);
    }

    [Fact]
    public void The_old_key_is_gone_after_a_renewal()
    {
        var credentials = Install(Worker);
        var before = File.ReadAllText(Path.Combine(_disk.Path, NodeCredentials.KeyFile));
        using var key = new NodeKey();
        credentials.Replace(key, Issue(key, Worker));
        Assert.DoesNotContain(before, File.ReadAllText(Path.Combine(_disk.Path, NodeCredentials.KeyFile)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_of_another_node_is_refused_and_nothing_changes()
    {
        var credentials = Install(Worker);
        using var key = new NodeKey();
        Assert.Throws<CryptographicException>(() => credentials.Replace(key, Issue(key, Worker with { NodeId = "node2" })));
        Assert.Equal(Worker, NodeCredentials.Load(_disk.Folder)!.Identity);
    }

    [Fact]
    public void A_certificate_for_another_key_is_refused_and_nothing_changes()
    {
        var credentials = Install(Worker);
        using var mine = new NodeKey();
        using var other = new NodeKey();
        Assert.Throws<CryptographicException>(() => credentials.Replace(mine, Issue(other, Worker)));
        Assert.Equal(Worker, NodeCredentials.Load(_disk.Folder)!.Identity);
    }

    [Fact]
    public void A_certificate_of_another_root_is_refused()
    {
        using var stranger = RootCertificate.Create(TimeProvider.System);
        using var key = new NodeKey();
        var certificate = stranger.IssueNodeCertificate(key.CreateRequest(), Worker, TimeSpan.FromDays(1), TimeProvider.System);
        Assert.Throws<CryptographicException>(() => NodeCredentials.Install(_disk.Folder, key, certificate, _root.Pem));
        Assert.Null(NodeCredentials.Load(_disk.Folder));
    }

    [Fact]
    public void A_damaged_key_stops_the_start_and_is_not_quoted()
    {
        Install(Worker);
        _disk.Folder.Write(NodeCredentials.KeyFile, "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"u8);
        var failure = Assert.Throws<CryptographicException>(() => NodeCredentials.Load(_disk.Folder));
        Assert.DoesNotContain("c2VjcmV0", failure.ToString(), StringComparison.Ordinal);
    }

    private NodeCredentials Install(NodeIdentity identity)
    {
        using var key = new NodeKey();
        return NodeCredentials.Install(_disk.Folder, key, Issue(key, identity), _root.Pem);
    }

    private string Issue(NodeKey key, NodeIdentity identity) =>
        _root.IssueNodeCertificate(key.CreateRequest(), identity, TimeSpan.FromDays(1), TimeProvider.System);
}
