using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Manager.Certificates;
using Swarm.Manager.Control;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Security;
using Swarm.Store;

namespace Swarm.Manager.Tests.Certificates;

/// <summary>The cluster's way from one root to the next.</summary>
public sealed class RootRotationTests : IDisposable
{
    private readonly CaFixture _cluster = new();
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(60));

    public void Dispose()
    {
        _deadline.Dispose();
        _cluster.Dispose();
    }

    [Fact]
    public async Task A_forced_rotation_makes_a_root_that_the_old_one_vouches_for()
    {
        var before = _cluster.Cluster.RootCa;
        await _cluster.ForceRotateAsync();
        var now = _cluster.Cluster.RootCa;
        Assert.Equal((before.Digest, before.Key, before.WorkerJoinToken, before.ManagerJoinToken), (now.Digest, now.Key, now.WorkerJoinToken, now.ManagerJoinToken));
        using var root = RootCertificate.Parse(now.Rotation!.Certificate, now.Rotation.Key);
        using var crossSigned = X509Certificate2.CreateFromPem(now.Rotation.CrossSigned);
        Assert.Equal(now.Rotation.Digest, root.Digest);
        Assert.Equal(root.PublicKey, crossSigned.PublicKey.ExportSubjectPublicKeyInfo());
        Assert.True(RootCertificate.Parse(before.Certificate).HasSigned(crossSigned));
    }

    [Fact]
    public async Task An_update_that_forces_nothing_changes_no_root()
    {
        await _cluster.ForceRotateAsync();
        var during = _cluster.Cluster.RootCa;
        await _cluster.UpdateAsync(spec => spec with { TaskHistoryRetentionLimit = 3 });
        Assert.Equal(during.Rotation, _cluster.Cluster.RootCa.Rotation);
    }

    [Fact]
    public async Task Whoever_joins_meanwhile_has_a_certificate_of_the_new_root_and_trusts_both()
    {
        await _cluster.ForceRotateAsync();
        var node = await _cluster.JoinAsync("w");
        Assert.Equal(_cluster.Cluster.RootCa.Rotation!.Digest, node.Current.Issuer!.Digest);
        Assert.Equal(2, node.Current.Trust.Roots.Length);
    }

    [Fact]
    public async Task The_old_root_goes_once_every_node_has_moved_and_not_before()
    {
        var (first, second) = (await _cluster.JoinAsync("w1"), await _cluster.JoinAsync("w2"));
        var before = _cluster.Cluster.RootCa;
        await _cluster.ForceRotateAsync();
        var goal = _cluster.Cluster.RootCa.Rotation!;
        using var leading = Lead(out var loop);
        foreach (var node in new[] { _cluster.Founder, first })
        {
            await _cluster.RenewAsync(node);
            await _cluster.TellAsync(node);
        }

        // The one that is left reports its old certificate: no reason to go on.
        await _cluster.TellAsync(second);
        await AssertStillRotatingAsync(goal);
        await _cluster.RenewAsync(second);
        await _cluster.TellAsync(second);
        await SeeAsync(view => view.Cluster!.RootCa.Rotation is null);

        var after = _cluster.Cluster.RootCa;
        Assert.Equal((goal.Certificate, goal.Key, goal.Digest), (after.Certificate, after.Key, after.Digest));
        Assert.NotEqual(before.WorkerJoinToken, after.WorkerJoinToken);
        foreach (var node in new[] { _cluster.Founder, first, second })
        {
            Assert.True(node.TryTrust(after.Certificate));
            Assert.Equal(after.Digest, Assert.Single(node.Current.Trust.Roots).Digest);
        }

        // Old tokens name the old root, and are void.
        using var key = new NodeKey();
        await Assert.ThrowsAsync<RpcFault>(() => _cluster.Ca.IssueCertificateAsync(new() { Request = key.CreateRequest(), JoinToken = before.WorkerJoinToken }, default));
        await _cluster.JoinAsync("w3");
        await leading.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);
    }

    [Fact]
    public async Task The_next_leader_goes_on_where_the_last_one_stopped()
    {
        var node = await _cluster.JoinAsync("w1");
        await _cluster.ForceRotateAsync();
        using (var leading = Lead(out var loop))
        {
            await _cluster.RenewAsync(node);
            await _cluster.TellAsync(node);
            await leading.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);
        }

        // The last node moves while nobody leads.
        await _cluster.RenewAsync(_cluster.Founder);
        await _cluster.TellAsync(_cluster.Founder);
        Assert.NotNull(_cluster.Cluster.RootCa.Rotation);
        using var next = Lead(out var other);
        await SeeAsync(view => view.Cluster!.RootCa.Rotation is null);
        await next.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => other);
    }

    [Fact]
    public async Task A_node_that_is_away_holds_it_up_until_it_is_removed_and_comes_back_before_that()
    {
        var away = await _cluster.JoinAsync("w1");
        await _cluster.ForceRotateAsync();
        using var leading = Lead(out var loop);
        await _cluster.RenewAsync(_cluster.Founder);
        await _cluster.TellAsync(_cluster.Founder);
        await AssertStillRotatingAsync(_cluster.Cluster.RootCa.Rotation!);

        // It knows only the old root: the manager's certificate must lead there.
        Assert.True(Believes(away, _cluster.Founder));
        var record = _cluster.Store.View.Nodes.Find(away.Identity.NodeId)!;
        Assert.True((await _cluster.Store.CommitAsync(new StoreTransaction().Delete(record), default)).IsCommitted);
        await SeeAsync(view => view.Cluster!.RootCa.Rotation is null);
        await leading.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);
    }

    [Fact]
    public async Task A_second_rotation_takes_the_place_of_the_first_and_who_had_moved_moves_again()
    {
        var node = await _cluster.JoinAsync("w1");
        await _cluster.ForceRotateAsync();
        await _cluster.RenewAsync(node);
        var first = _cluster.Cluster.RootCa.Rotation!;
        await _cluster.ForceRotateAsync();
        var second = _cluster.Cluster.RootCa.Rotation!;
        Assert.NotEqual(first.Digest, second.Digest);

        // Its certificate is of a root that is none any more, but leads to the old one.
        Assert.True(node.TryTrust(_cluster.Cluster.RootCa.Certificate + second.Certificate));
        Assert.Null(node.Current.Issuer);
        await _cluster.RenewAsync(node);
        Assert.Equal(second.Digest, node.Current.Issuer!.Digest);
    }

    [Fact]
    public async Task A_root_that_is_brought_becomes_the_goal_and_bringing_the_present_one_ends_the_rotation()
    {
        using var brought = RootCertificate.Create(_cluster.Time);
        await _cluster.UpdateAsync(spec => spec with { ForceRotate = 1 }, new BroughtRoot(brought.Pem, brought.ExportKeyPem()));
        Assert.Equal(brought.Digest, _cluster.Cluster.RootCa.Rotation!.Digest);
        var present = _cluster.Cluster.RootCa;
        await _cluster.UpdateAsync(spec => spec with { ForceRotate = 2 }, new BroughtRoot(present.Certificate, present.Key));
        Assert.Null(_cluster.Cluster.RootCa.Rotation);
        Assert.Equal((present.Digest, present.WorkerJoinToken), (_cluster.Cluster.RootCa.Digest, _cluster.Cluster.RootCa.WorkerJoinToken));
    }

    [Fact]
    public async Task What_cannot_be_a_root_is_refused_and_nothing_changes()
    {
        using var good = RootCertificate.Create(_cluster.Time);
        using var other = RootCertificate.Create(_cluster.Time);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=soon", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var soon = request.CreateSelfSigned(_cluster.Time.GetUtcNow(), _cluster.Time.GetUtcNow().AddDays(300));
        var before = _cluster.Cluster;
        foreach (var (root, said) in new[]
        {
            (new BroughtRoot("", good.ExportKeyPem()), "if a signing CA key is provided, the signing CA cert must also be provided"),
            (new BroughtRoot(good.Pem, other.ExportKeyPem()), "could not use the desired CA certificate"),
            (new BroughtRoot("nonsense", ""), "could not use the desired CA certificate"),
            (new BroughtRoot(good.Pem + other.Pem, good.ExportKeyPem()), "the desired CA certificate cannot contain multiple certificates"),
            (new BroughtRoot(soon.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem()), "CA certificate expires too soon"),
            (new BroughtRoot(good.Pem, ""), "there must be at least one valid, reachable external CA corresponding to the desired CA certificate"),
        })
        {
            var refused = await Assert.ThrowsAsync<ControlException>(() => _cluster.UpdateAsync(spec => spec with { ForceRotate = 1 }, root));
            Assert.Equal(400, refused.Status);
            Assert.Contains(said, refused.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("PRIVATE KEY", refused.ToString(), StringComparison.Ordinal);
        }

        Assert.Same(before, _cluster.Cluster);
    }

    [Fact]
    public async Task Certificates_live_as_long_as_the_spec_says_from_the_next_renewal_on_and_never_less_than_an_hour()
    {
        await _cluster.UpdateAsync(spec => spec with { NodeCertExpiry = TimeSpan.FromHours(3) });
        await _cluster.RenewAsync(_cluster.Founder);
        Assert.InRange(_cluster.Founder.Current.NotAfter - _cluster.Time.GetUtcNow(), TimeSpan.FromHours(2.9), TimeSpan.FromHours(3));
        var refused = await Assert.ThrowsAsync<ControlException>(() => _cluster.UpdateAsync(spec => spec with { NodeCertExpiry = TimeSpan.FromMinutes(59) }));
        Assert.Equal((400, "rpc error: code = InvalidArgument desc = minimum certificate expiry time is: 1h0m0s"), (refused.Status, refused.Message));
    }

    [Fact]
    public async Task The_unlock_key_comes_stays_changes_and_goes_with_the_spec()
    {
        Assert.Equal("", await _cluster.Control.UnlockKeyAsync(default));
        await _cluster.UpdateAsync(spec => spec with { AutoLockManagers = true });
        var first = await _cluster.Control.UnlockKeyAsync(default);
        Assert.True(UnlockKey.TryParse(first, out _));
        await _cluster.UpdateAsync(spec => spec with { TaskHistoryRetentionLimit = 3 });
        Assert.Equal(first, await _cluster.Control.UnlockKeyAsync(default));
        await _cluster.UpdateAsync(spec => spec, rotations: new ClusterRotations(false, false, UnlockKey: true));
        Assert.NotEqual(first, await _cluster.Control.UnlockKeyAsync(default));
        await _cluster.UpdateAsync(spec => spec with { AutoLockManagers = false }, rotations: new ClusterRotations(false, false, UnlockKey: true));
        Assert.Equal("", await _cluster.Control.UnlockKeyAsync(default));
    }

    [Fact]
    public async Task No_record_shows_a_key_when_it_is_printed()
    {
        await _cluster.UpdateAsync(spec => spec with { AutoLockManagers = true, ForceRotate = 1 });
        var text = _cluster.Cluster.ToString();
        Assert.DoesNotContain("PRIVATE", text, StringComparison.Ordinal);
        Assert.DoesNotContain("SWMKEY", text, StringComparison.Ordinal);
        Assert.DoesNotContain("SWMTKN", text, StringComparison.Ordinal);
    }

    private CancellationTokenSource Lead(out Task loop)
    {
        var leading = CancellationTokenSource.CreateLinkedTokenSource(_deadline.Token);
        loop = new RootRotationLoop(_cluster.Store, TimeProvider.System, NullLogger<RootRotationLoop>.Instance).RunAsync(leading.Token);
        return leading;
    }

    /// <summary>A commit that the loop has looked at ends nothing.</summary>
    private async Task AssertStillRotatingAsync(RootRotation goal)
    {
        Assert.NotNull(RootRotationLoop.Waiting(_cluster.Store.View, goal));
        for (var i = 0; i < 10; i++)
        {
            var node = _cluster.Store.View.Nodes.Find(_cluster.Founder.Identity.NodeId)!;
            await _cluster.Store.CommitAsync(new StoreTransaction().Update(node with { Status = node.Status with { Message = $"{i}" } }), _deadline.Token);
            await Task.Yield();
        }

        Assert.Equal(goal, _cluster.Cluster.RootCa.Rotation);
    }

    private async Task SeeAsync(Func<StoreView, bool> condition)
    {
        using var watch = _cluster.Store.Watch();
        for (var view = watch.Start; !condition(view); view = (await watch.Commits.ReadAsync(_deadline.Token)).View)
        {
        }
    }

    private static bool Believes(NodeCredentials node, NodeCredentials peer)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        foreach (var root in node.Current.Trust.Roots)
        {
            chain.ChainPolicy.CustomTrustStore.Add(root.Certificate);
        }

        foreach (var intermediate in peer.Current.Context.IntermediateCertificates)
        {
            chain.ChainPolicy.ExtraStore.Add(intermediate);
        }

        return chain.Build(peer.Current.Certificate);
    }
}
