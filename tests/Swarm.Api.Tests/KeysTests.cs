using System.Net;
using System.Text.Json;
using Swarm.Security;

namespace Swarm.Api.Tests;

/// <summary>/swarm/update's keys and roots, /swarm/unlockkey and /swarm/unlock.</summary>
public sealed class KeysTests
{
    [Fact]
    public async Task Autolock_brings_a_key_a_rotation_another_and_without_it_there_is_none()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        Assert.Equal("", await UnlockKeyAsync(host));
        await UpdateAsync(host, """{"Name":"default","EncryptionConfig":{"AutoLockManagers":true}}""");
        var first = await UnlockKeyAsync(host);
        Assert.True(UnlockKey.TryParse(first, out _));
        Assert.True((await host.GetAsync("/swarm")).GetProperty("Spec").GetProperty("EncryptionConfig").GetProperty("AutoLockManagers").GetBoolean());
        await UpdateAsync(host, """{"Name":"default","EncryptionConfig":{"AutoLockManagers":true}}""", "&rotateManagerUnlockKey=true");
        Assert.NotEqual(first, await UnlockKeyAsync(host));
        foreach (var path in new[] { "/swarm", "/info", "/nodes" })
        {
            Assert.DoesNotContain("SWMKEY", (await host.Http.SendAsync(HttpMethod.Get, path)).Body);
        }

        await UpdateAsync(host, """{"Name":"default"}""");
        Assert.Equal("", await UnlockKeyAsync(host));
    }

    [Fact]
    public async Task Settings_of_rafts_log_are_kept_as_they_were_asked_for()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        Assert.Equal((10000, 0, 500), await RaftAsync());
        await UpdateAsync(host, """{"Name":"default","Raft":{"SnapshotInterval":5000,"KeepOldSnapshots":3,"LogEntriesForSlowFollowers":1200}}""");
        Assert.Equal((5000, 3, 1200), await RaftAsync());

        async Task<(int, int, int)> RaftAsync()
        {
            var raft = (await host.GetAsync("/swarm")).GetProperty("Spec").GetProperty("Raft");
            return (raft.GetProperty("SnapshotInterval").GetInt32(), raft.GetProperty("KeepOldSnapshots").GetInt32(), raft.GetProperty("LogEntriesForSlowFollowers").GetInt32());
        }
    }

    [Fact]
    public async Task Unlock_passes_the_key_on()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        await host.PostAsync("/swarm/unlock", """{"UnlockKey":"SWMKEY-1-x"}""");
        Assert.Equal(["SWMKEY-1-x"], host.Node.UnlockKeys);
    }

    [Fact]
    public async Task A_forced_rotation_shows_in_the_swarm_the_new_issuer_at_once_the_trust_later()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        var before = await host.GetAsync("/swarm");
        Assert.False(before.GetProperty("RootRotationInProgress").GetBoolean());
        await UpdateAsync(host, """{"Name":"default","CAConfig":{"ForceRotate":1}}""");
        var during = await host.GetAsync("/swarm");
        Assert.True(during.GetProperty("RootRotationInProgress").GetBoolean());
        Assert.True((await host.GetAsync("/info")).GetProperty("Swarm").GetProperty("Cluster").GetProperty("RootRotationInProgress").GetBoolean());
        Assert.Equal(Tls(before, "TrustRoot"), Tls(during, "TrustRoot"));
        Assert.NotEqual(Tls(before, "CertIssuerPublicKey"), Tls(during, "CertIssuerPublicKey"));
        Assert.Equal(1, during.GetProperty("Spec").GetProperty("CAConfig").GetProperty("ForceRotate").GetInt64());
        Assert.Equal(before.GetProperty("JoinTokens").ToString(), during.GetProperty("JoinTokens").ToString());
    }

    [Fact]
    public async Task An_external_authority_is_kept_and_shown_and_a_brought_root_is_not()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        using var root = RootCertificate.Create(TimeProvider.System);
        await UpdateAsync(host, JsonSerializer.Serialize(new
        {
            Name = "default",
            CAConfig = new
            {
                NodeCertExpiry = 7200000000000L,
                SigningCACert = root.Pem,
                SigningCAKey = root.ExportKeyPem(),
                ExternalCAs = new[] { new { Protocol = "CFSSL", URL = "https://ca.example/sign", CACert = root.Pem } },
            },
        }));
        var config = (await host.GetAsync("/swarm")).GetProperty("Spec").GetProperty("CAConfig");
        Assert.Equal(7200000000000L, config.GetProperty("NodeCertExpiry").GetInt64());
        Assert.Equal("cfssl https://ca.example/sign", $"{config.GetProperty("ExternalCAs")[0].GetProperty("Protocol")} {config.GetProperty("ExternalCAs")[0].GetProperty("URL")}");
        Assert.False(config.TryGetProperty("SigningCACert", out _) || config.TryGetProperty("SigningCAKey", out _));
        Assert.Equal(root.Digest, host.Store.View.Cluster!.RootCa.Rotation!.Digest);
    }

    [Theory]
    [InlineData("""{"Name":"default","CAConfig":{"NodeCertExpiry":3599000000000}}""", "rpc error: code = InvalidArgument desc = minimum certificate expiry time is: 1h0m0s")]
    [InlineData("""{"Name":"default","CAConfig":{"ExternalCAs":[{"Protocol":"est","URL":"https://ca"}]}}""", "invalid protocol: \"est\"")]
    [InlineData("""{"Name":"default","CAConfig":{"ExternalCAs":[{"Protocol":"cfssl","URL":"http://ca"}]}}""", "rpc error: code = InvalidArgument desc = the external CA's URL \"http://ca\" is no https URL: signing requests are sent over https only")]
    [InlineData("""{"Name":"default","CAConfig":{"SigningCAKey":"x"}}""", "rpc error: code = InvalidArgument desc = if a signing CA key is provided, the signing CA cert must also be provided")]
    public async Task What_can_not_be_is_refused_and_changes_nothing(string spec, string message)
    {
        await using var host = await ClusterHost.StartManagerAsync();
        var before = host.Store.View.Cluster!;
        Assert.Equal((400, message), await host.RefusedAsync(HttpMethod.Post, $"/swarm/update?version={before.Meta.Version}", spec));
        Assert.Same(before, host.Store.View.Cluster);
    }

    private static async Task<string> UnlockKeyAsync(ClusterHost host) => (await host.GetAsync("/swarm/unlockkey")).GetProperty("UnlockKey").GetString()!;

    private static Task UpdateAsync(ClusterHost host, string spec, string flags = "") =>
        host.PostAsync($"/swarm/update?version={host.Store.View.Cluster!.Meta.Version}{flags}", spec);

    private static string Tls(JsonElement swarm, string field) => swarm.GetProperty("TLSInfo").GetProperty(field).GetString()!;
}
