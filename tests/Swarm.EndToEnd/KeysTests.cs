namespace Swarm.EndToEnd;

/// <summary>Locked managers and a change of the root, driven by the real docker client.</summary>
[Collection(LabFixture.Name)]
public sealed class KeysTests(LabFixture lab) : IAsyncLifetime
{
    private const string NeedsUnlocking = "Swarm is encrypted and needs to be unlocked before it can be used. Please use \"docker swarm unlock\" to unlock it.";

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var manager in lab.Managers)
        {
            if (await StateAsync(manager) == "locked")
            {
                await UnlockAsync(manager, await lab.DockerOkAsync((await UnlockedAsync())!, "swarm", "unlock-key", "-q"));
            }
        }

        await lab.DockerOkAsync("m1", "swarm", "update", "--autolock=false");
        await lab.MakeWholeAsync();
    }

    [Fact]
    public async Task A_locked_manager_serves_its_engine_and_nothing_of_its_cluster_until_it_is_unlocked()
    {
        await lab.DockerOkAsync("m1", "service", "create", "--quiet", "--name", "locked", "--mode", "global", "--stop-signal", "SIGKILL", "busybox", "sleep", "infinity");
        await lab.RunningAsync("m1", "locked", 5);
        await lab.DockerOkAsync("m1", "swarm", "update", "--autolock=true");
        var first = await lab.DockerOkAsync("m1", "swarm", "unlock-key", "-q");
        Assert.Matches("^SWMKEY-1-[A-Za-z0-9+/]{43}$", first);
        await LockedOnDiskAsync();

        await lab.Lab.KillAsync(["m3"], daemonOnly: true, CancellationToken.None);
        await lab.Lab.RestartAsync(["m3"], CancellationToken.None);
        Assert.Equal("locked", await StateAsync("m3"));
        var refused = await lab.DockerAsync("m3", "node", "ls");
        Assert.Equal((1, "Error response from daemon: " + NeedsUnlocking), (refused.ExitCode, refused.Error));
        Assert.NotEmpty(await lab.DockerOkAsync("m3", "ps", "-q", "--filter", "label=com.docker.swarm.service.name=locked"));

        // A rotation that it does not hear of: it opens with the old key, and moves.
        await lab.DockerOkAsync("m1", "swarm", "unlock-key", "--rotate", "-q");
        var second = await lab.DockerOkAsync("m1", "swarm", "unlock-key", "-q");
        Assert.NotEqual(first, second);
        var wrong = await UnlockAsync("m3", second);
        Assert.Equal((1, "Error response from daemon: swarm could not be unlocked: invalid key provided"), (wrong.ExitCode, wrong.Error));
        Assert.Equal("Error response from daemon: invalid key string", (await UnlockAsync("m3", "hello")).Error);
        Assert.Equal(0, (await UnlockAsync("m3", first)).ExitCode);
        await lab.UntilAsync("m3 is a manager again", async () => (await lab.DockerAsync("m3", "node", "ls")).ExitCode == 0 ? "yes" : null);
        Assert.Equal("Error: swarm is not locked", (await UnlockAsync("m3", first)).Error);

        await lab.UntilAsync("m3 opens with the new key", async () =>
        {
            await lab.Lab.RestartAsync(["m3"], CancellationToken.None);
            return (await UnlockAsync("m3", second)).ExitCode == 0 ? "yes" : (await UnlockAsync("m3", first)).ExitCode == 0 ? null : throw new InvalidOperationException("m3 opens with neither key");
        });

        await lab.DockerOkAsync("m1", "swarm", "update", "--autolock=false");
        await lab.UntilAsync("m3 starts without a key", async () =>
        {
            await lab.Lab.RestartAsync(["m3"], CancellationToken.None);
            if (await StateAsync("m3") != "locked")
            {
                return "yes";
            }

            Assert.Equal(0, (await UnlockAsync("m3", second)).ExitCode);
            return null;
        });
        AssertNothingSecretInLogs(first, second);
    }

    [Fact]
    public async Task The_root_changes_under_load_and_every_node_moves_also_one_that_was_away()
    {
        var before = await lab.DockerOkAsync("m1", "swarm", "ca");
        var token = await lab.DockerOkAsync("m1", "swarm", "join-token", "-q", "worker");
        await lab.Lab.KillAsync(["w2"], daemonOnly: false, CancellationToken.None);
        await lab.DockerOkAsync("m1", "swarm", "ca", "--rotate", "--detach");
        for (var i = 0; i < 5; i++)
        {
            await lab.DockerOkAsync(lab.Managers[i % 3], "service", "create", "--quiet", "--detach", "--name", $"moving-{i}", "--replicas", "0", "busybox", "true");
        }

        await lab.UntilAsync("all but w2 have moved", async () =>
        {
            using var client = lab.Lab.Connect("m1");
            var wanted = (await client.InspectSwarmAsync(LabFixture.Soon())).TLSInfo!.CertIssuerPublicKey!;
            var moved = (await client.NodesAsync(LabFixture.Soon())).Count(node => node.Description?.TLSInfo?.CertIssuerPublicKey?.SequenceEqual(wanted) == true);
            return moved == 4 ? "moved" : null;
        });
        Assert.Equal("true", await lab.DockerOkAsync("m1", "info", "--format", "{{.Swarm.Cluster.RootRotationInProgress}}"));
        Assert.Equal(before, await lab.DockerOkAsync("m1", "swarm", "ca"));

        // The leader goes, and a node that knows only the old root comes: the next leader finishes.
        var leader = await lab.LeaderAsync();
        await lab.Lab.KillAsync([leader], daemonOnly: false, CancellationToken.None);
        await lab.Lab.RestartAsync([leader, "w2"], CancellationToken.None);
        await lab.UntilAsync("the rotation is over", async () =>
        {
            var result = await lab.DockerAsync("m1", "info", "--format", "{{.Swarm.Cluster.RootRotationInProgress}}");
            return result.Output == "false" ? "over" : null;
        });
        var after = await lab.DockerOkAsync("m1", "swarm", "ca");
        Assert.NotEqual(before, after);
        Assert.NotEqual(token, await lab.DockerOkAsync("m1", "swarm", "join-token", "-q", "worker"));
        await lab.UntilAsync("every node trusts the new root alone", async () =>
        {
            using var client = lab.Lab.Connect("m1");
            return (await client.NodesAsync(LabFixture.Soon())).All(node => node.Description?.TLSInfo?.TrustRoot?.TrimEnd() == after) ? "all" : null;
        });
        await lab.DockerOkAsync("m2", "service", "create", "--quiet", "--name", "moved", "--replicas", "3", "--stop-signal", "SIGKILL", "busybox", "sleep", "infinity");
        await lab.RunningAsync("m1", "moved", 3);
        AssertNothingSecretInLogs();
    }

    private Task<ShellResult> UnlockAsync(string node, string key) => Shell.RunAsync(
        "sh", ["-c", "printf '%s\\n' \"$KEY\" | docker swarm unlock"], ("KEY", key), ("DOCKER_HOST", lab.Host.Paths(LabFixture.Name, node).DockerHost));

    private async Task<string> StateAsync(string node) => await lab.DockerOkAsync(node, "info", "--format", "{{.Swarm.LocalNodeState}}");

    private async Task<string?> UnlockedAsync()
    {
        foreach (var manager in lab.Managers)
        {
            if (await StateAsync(manager) == "active")
            {
                return manager;
            }
        }

        return null;
    }

    /// <summary>A manager locks itself as soon as it has heard of it.</summary>
    private Task LockedOnDiskAsync() => lab.UntilAsync("every manager is locked on disk", () => Task.FromResult(lab.Managers.All(manager =>
        Directory.EnumerateFiles(lab.Host.Paths(LabFixture.Name, manager).Data, "swarm-node.lock", SearchOption.AllDirectories)
            .Any(file => File.ReadAllText(file).Contains("LOCKED", StringComparison.Ordinal))) ? "locked" : null));

    private void AssertNothingSecretInLogs(params string[] keys)
    {
        foreach (var node in lab.AllNodes)
        {
            var log = File.ReadAllText(lab.Host.Paths(LabFixture.Name, node).Log);
            Assert.DoesNotContain("PRIVATE KEY", log, StringComparison.Ordinal);
            Assert.DoesNotContain("SWMKEY", log, StringComparison.Ordinal);
            Assert.All(keys, key => Assert.DoesNotContain(key[9..], log, StringComparison.Ordinal));
        }
    }
}
