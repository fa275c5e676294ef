using System.Text.Json;
using Swarm.Manager.Certificates;
using Swarm.Manager.Control;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Security;

namespace Swarm.Manager.Tests.Certificates;

/// <summary>Certificates that somebody else signs, over real HTTPS.</summary>
public sealed class ExternalCaTests : IDisposable
{
    private readonly CaFixture _cluster = new();

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task A_request_is_forwarded_with_the_names_that_the_manager_decides_and_by_the_manager_itself()
    {
        await using var cfssl = await OfPresentRootAsync();
        await UseAsync(cfssl);
        var node = await _cluster.JoinAsync("w1");
        var asked = Assert.Single(cfssl.Requests);
        Assert.Equal(node.Identity.NodeId, asked.GetProperty("subject").GetProperty("CN").GetString());
        Assert.Equal(NodeIdentity.WorkerUnit, asked.GetProperty("subject").GetProperty("names")[0].GetProperty("OU").GetString());
        Assert.Equal(_cluster.Cluster.Id, asked.GetProperty("subject").GetProperty("names")[0].GetProperty("O").GetString());
        Assert.Equal([node.Identity.NodeId, NodeIdentity.WorkerUnit], asked.GetProperty("hosts").EnumerateArray().Take(2).Select(host => host.GetString()));
        Assert.Contains(_cluster.Founder.Identity.NodeId, Assert.Single(cfssl.Callers), StringComparison.Ordinal);
        // The authority decides how long it lives.
        Assert.InRange(node.Current.NotAfter - _cluster.Time.GetUtcNow(), TimeSpan.FromHours(1.9), TimeSpan.FromHours(2.1));
    }

    [Fact]
    public async Task The_next_is_asked_where_the_first_does_not_answer()
    {
        await using var cfssl = await OfPresentRootAsync();
        await _cluster.UpdateAsync(spec => spec with { ExternalCas = [new ExternalCa { Url = "https://127.0.0.1:1/sign" }, new ExternalCa { Url = cfssl.Url }] });
        await _cluster.JoinAsync("w1");
        Assert.Single(cfssl.Requests);
    }

    [Fact]
    public async Task A_refusal_is_told_and_leaves_no_node_behind()
    {
        await using var cfssl = await OfPresentRootAsync();
        await UseAsync(cfssl);
        cfssl.Answer = _ => """{"success":false,"result":null,"errors":[{"code":5200,"message":"policy violation"}]}""";
        var fault = await Assert.ThrowsAsync<RpcFault>(() => _cluster.JoinAsync("w1"));
        Assert.Equal(RpcStatus.Unavailable, fault.Status);
        Assert.Contains("policy violation", fault.Message, StringComparison.Ordinal);
        Assert.Single(_cluster.Store.View.Nodes);
    }

    [Theory]
    [InlineData("another node")]
    [InlineData("a higher role")]
    [InlineData("another key")]
    [InlineData("another root")]
    public async Task A_certificate_that_was_not_asked_for_is_not_passed_on(string wrong)
    {
        await using var cfssl = await OfPresentRootAsync();
        await UseAsync(cfssl);
        using var stranger = RootCertificate.Create(TimeProvider.System);
        cfssl.Answer = request =>
        {
            using var key = new NodeKey();
            var identity = new NodeIdentity(
                wrong == "another node" ? "other" : RootCertificate.NodeIdOf(request), wrong == "a higher role" ? NodeRole.Manager : NodeRole.Worker, _cluster.Cluster.Id);
            var root = wrong == "another root" ? stranger : cfssl.Root;
            var certificate = root.IssueNodeCertificate(wrong == "another key" ? key.CreateRequest() : request, identity, TimeSpan.FromDays(1), TimeProvider.System);
            return JsonSerializer.Serialize(new { success = true, result = new { certificate } });
        };
        var fault = await Assert.ThrowsAsync<RpcFault>(() => _cluster.JoinAsync("w1"));
        Assert.Contains("is not the node's, not for its key, or not of the cluster's root", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_authority_behind_a_foreign_https_certificate_is_sent_nothing()
    {
        using var stranger = RootCertificate.Create(TimeProvider.System);
        await using var cfssl = await FakeCfssl.StartAsync(stranger);
        await UseAsync(cfssl);
        await Assert.ThrowsAsync<RpcFault>(() => _cluster.JoinAsync("w1"));
        Assert.Empty(cfssl.Requests);
    }

    [Fact]
    public async Task The_cluster_moves_to_a_root_whose_key_it_never_sees_and_from_there_to_one_of_its_own()
    {
        using var outside = RootCertificate.Create(TimeProvider.System);
        await using var cfssl = await FakeCfssl.StartAsync(outside);
        var external = new ExternalCa { Url = cfssl.Url, Certificate = outside.Pem };
        await _cluster.UpdateAsync(spec => spec with { ForceRotate = 1, ExternalCas = [external] }, new BroughtRoot(outside.Pem, ""));
        Assert.Equal((outside.Digest, ""), (_cluster.Cluster.RootCa.Rotation!.Digest, _cluster.Cluster.RootCa.Rotation.Key));
        var node = await _cluster.JoinAsync("w1");
        Assert.Equal(outside.Digest, node.Current.Issuer!.Digest);
        await FinishAsync(node);
        Assert.Equal((outside.Digest, ""), (_cluster.Cluster.RootCa.Digest, _cluster.Cluster.RootCa.Key));

        // Without its authority nobody could sign any more.
        var refused = await Assert.ThrowsAsync<ControlException>(() => _cluster.UpdateAsync(spec => spec with { ExternalCas = [] }));
        Assert.Contains("corresponding to the current CA certificate", refused.Message, StringComparison.Ordinal);

        await _cluster.ForceRotateAsync();
        Assert.Equal("CA", cfssl.Requests.Last().GetProperty("profile").GetString());
        await _cluster.RenewAsync(node);
        Assert.Equal(_cluster.Cluster.RootCa.Rotation!.Digest, node.Current.Issuer!.Digest);
        await FinishAsync(node);
        Assert.NotEmpty(_cluster.Cluster.RootCa.Key);
    }

    [Theory]
    [InlineData("http://localhost/sign")]
    [InlineData("localhost")]
    public async Task Anything_but_https_is_refused(string url)
    {
        var refused = await Assert.ThrowsAsync<ControlException>(() => _cluster.UpdateAsync(spec => spec with { ExternalCas = [new ExternalCa { Url = url }] }));
        Assert.Equal(400, refused.Status);
        Assert.Contains("https only", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_cluster.Cluster.Spec.ExternalCas);
    }

    private async Task<FakeCfssl> OfPresentRootAsync() =>
        await FakeCfssl.StartAsync(RootCertificate.Parse(_cluster.Cluster.RootCa.Certificate, _cluster.Cluster.RootCa.Key));

    private Task UseAsync(FakeCfssl cfssl) => _cluster.UpdateAsync(spec => spec with { ExternalCas = [new ExternalCa { Url = cfssl.Url }] });

    private async Task FinishAsync(NodeCredentials node)
    {
        foreach (var one in new[] { _cluster.Founder, node })
        {
            await _cluster.RenewAsync(one);
            await _cluster.TellAsync(one);
        }

        using var leading = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var loop = new RootRotationLoop(_cluster.Store, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<RootRotationLoop>.Instance).RunAsync(leading.Token);
        using var watch = _cluster.Store.Watch();
        for (var view = watch.Start; view.Cluster!.RootCa.Rotation is not null; view = (await watch.Commits.ReadAsync(leading.Token)).View)
        {
        }

        await leading.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);
    }
}
