using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Swarm.Manager.Certificates;
using Swarm.Manager.Control;
using Swarm.Model;
using Swarm.Rpc.Certificates;
using Swarm.Rpc.Dispatch;
using Swarm.Security;
using Swarm.Store;

namespace Swarm.Manager.Tests.Certificates;

/// <summary>A founded cluster in memory, its authority, and nodes that joined it.</summary>
internal sealed class CaFixture : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("swarm-roots-").FullName;

    internal CaFixture(ClusterSpec? spec = null)
    {
        Store = new MemoryStore(Time);
        var wishes = new ClusterWishes("10.0.0.1:2377", spec ?? new ClusterSpec(), NodeAvailability.Active, ["10.0.0.0/8"], 24, 4789);
        var founded = ClusterFounding.Found(wishes, new NodeFolder(Path.Combine(_path, "founder")), new Random(1), Time);
        Founder = founded.Credentials;
        External = new CfsslClient(() => Founder.Current, Time);
        Ca = new NodeCertificateAuthority(Store, Time, NullLogger<NodeCertificateAuthority>.Instance, External);
        Control = new ClusterControl(Store, digest => JoinToken.Generate(digest).Reveal(), new RootChange(External, Time));
        Assert.True(Store.CommitAsync(new StoreTransaction().Create(founded.Cluster).Create(founded.FirstManager), default).Result.IsCommitted);
    }

    internal FakeTimeProvider Time { get; } = new(TimeProvider.System.GetUtcNow());

    internal MemoryStore Store { get; }

    internal NodeCredentials Founder { get; }

    internal CfsslClient External { get; }

    internal NodeCertificateAuthority Ca { get; }

    internal ClusterControl Control { get; }

    internal Cluster Cluster => Store.View.Cluster!;

    internal Task UpdateAsync(Func<ClusterSpec, ClusterSpec> change, BroughtRoot? brought = null, ClusterRotations rotations = default) =>
        Control.UpdateAsync(Cluster.Meta.Version, change(Cluster.Spec), brought ?? BroughtRoot.None, rotations, default);

    internal Task ForceRotateAsync() => UpdateAsync(spec => spec with { ForceRotate = spec.ForceRotate + 1 });

    internal async Task<NodeCredentials> JoinAsync(string name, NodeRole role = NodeRole.Worker)
    {
        using var key = new NodeKey();
        var token = role == NodeRole.Manager ? Cluster.RootCa.ManagerJoinToken : Cluster.RootCa.WorkerJoinToken;
        Assert.True(JoinToken.TryParse(token, out var parsed, out _));
        var root = (await Ca.GetRootCertificateAsync(default)).Certificate;
        Assert.Equal(parsed.RootDigest, RootCertificate.Parse(root).Digest);
        var issued = await Ca.IssueCertificateAsync(new IssueCertificateRequest { Request = key.CreateRequest(), JoinToken = token }, default);
        return NodeCredentials.Install(new NodeFolder(Path.Combine(_path, name)), key, issued.Certificate, issued.TrustRoots);
    }

    internal async Task RenewAsync(NodeCredentials node)
    {
        using var key = new NodeKey();
        var issued = await Ca.RenewCertificateAsync(node.Identity, new RenewCertificateRequest { Request = key.CreateRequest() }, default);
        node.Replace(key, issued.Certificate, issued.TrustRoots);
    }

    /// <summary>The node tells what it holds, as its heartbeat does.</summary>
    internal async Task TellAsync(NodeCredentials node)
    {
        var record = Store.View.Nodes.Find(node.Identity.NodeId)!;
        var told = record with { Description = NodeTls.Of(node.Current).In(record.Description) };
        Assert.True((await Store.CommitAsync(new StoreTransaction().Update(told), default)).IsCommitted);
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
