namespace Swarm.EndToEnd;

/// <summary>Managers that come, go, move, and are lost, by real processes.</summary>
[Collection(LabFixture.Name)]
public sealed class MembershipTests
{
    [Fact]
    public async Task From_one_manager_to_seven_and_back_to_one_under_load_with_the_leader_killed_in_between_nothing_acknowledged_is_lost()
    {
        await using var lab = await MembersLab.UpAsync("members-e2e-grow", 1, 0);
        await using (var load = new WriteLoad(lab, 2))
        {
            foreach (var size in new[] { 3, 5, 7 })
            {
                await lab.AddManagersAsync(2);
                await lab.ManagersAreAsync("m1", [.. Enumerable.Range(1, size).Select(i => $"m{i}")]);
            }

            // All at once, the leader among them, through different managers; and the leader dies with most of it undone. Who leads next finishes it.
            var leader = await lab.LeaderAsync("m1");
            var leaving = new[] { leader }.Concat(Enumerable.Range(1, 7).Select(i => $"m{i}").Where(m => m != leader)).Take(4).ToList();
            var staying = Enumerable.Range(1, 7).Select(i => $"m{i}").Except(leaving).ToArray();
            await Task.WhenAll(leaving.Select((name, i) => lab.WantRoleAsync(staying[i % staying.Length], name, "worker")));
            await lab.Lab.KillAsync([leader], daemonOnly: true, CancellationToken.None);
            await lab.ManagersAreAsync(staying[0], staying);

            // And down to the last, again at once.
            var stays = staying[0];
            await Task.WhenAll(staying.Skip(1).Select(name => lab.WantRoleAsync(name, name, "worker")));
            await lab.ManagersAreAsync(stays, stays);
            var atKill = load.Acknowledged.Count;
            await lab.UntilAsync("writes go on", () => Task.FromResult(load.Acknowledged.Count > atKill + 5 ? "on" : null));
            await load.StopAsync();

            using var client = lab.Lab.Connect(stays);
            var names = (await client.ServicesAsync(LabFixture.Soon())).Select(s => s.Spec!.Name!).ToList();
            Assert.Equal(names.Count, names.Distinct().Count());
            Assert.Empty(load.Acknowledged.Keys.Except(names));

            // The killed one comes back as what it was made meanwhile.
            await lab.Lab.RestartAsync([leader], CancellationToken.None);
            await lab.UntilAsync($"{leader} is a worker", async () =>
            {
                using var own = lab.Lab.Connect(leader);
                return (await own.InfoAsync(LabFixture.Soon())).Swarm is { ControlAvailable: false, LocalNodeState: "active" } ? "so" : null;
            });
            await lab.ManagersAreAsync(stays, stays);
        }
    }

    [Fact]
    public async Task A_swarm_that_lost_its_quorum_goes_on_from_one_survivor_and_the_lost_managers_that_return_become_workers()
    {
        await using var lab = await MembersLab.UpAsync("members-e2e-recover", 3, 1);
        var cluster = await lab.DockerOkAsync("m1", "info", "--format", "{{.Swarm.Cluster.ID}}");
        var root = await lab.DockerOkAsync("m1", "swarm", "ca");
        await lab.DockerOkAsync("m1", "service", "create", "--quiet", "--detach", "--name", "kept", "--mode", "global", "--stop-signal", "SIGKILL", "busybox", "sleep", "infinity");
        await RunningAsync(lab, "m1", "kept", 4);
        var before = await ContainersAsync(lab, "w1", "m1");
        Assert.Equal(2, before.Count);

        await lab.Lab.KillAsync(["m2", "m3"], daemonOnly: false, CancellationToken.None);
        await lab.UntilAsync("m1 says that the quorum is lost", async () =>
        {
            var listed = await lab.DockerAsync("m1", "service", "ls");
            return listed.ExitCode == 1 && listed.Error.Contains("The swarm does not have a leader. It's possible that too few managers are online.", StringComparison.Ordinal) ? "so" : null;
        });

        Assert.Contains("This node is not a swarm manager", (await lab.DockerAsync("w1", "swarm", "init", "--force-new-cluster")).Error, StringComparison.Ordinal);
        await lab.DockerOkAsync("m1", "swarm", "init", "--force-new-cluster", "--advertise-addr", lab.Lab.Address("m1").ToString());
        await lab.ManagersAreAsync("m1", "m1");
        Assert.Equal(cluster, await lab.DockerOkAsync("m1", "info", "--format", "{{.Swarm.Cluster.ID}}"));
        Assert.Equal(root, await lab.DockerOkAsync("m1", "swarm", "ca"));

        await lab.DockerOkAsync("m1", "service", "create", "--quiet", "--detach", "--name", "new", "--replicas", "2", "--stop-signal", "SIGKILL", "busybox", "sleep", "infinity");
        await RunningAsync(lab, "m1", "new", 2);
        await lab.DockerOkAsync("m1", "service", "scale", "--detach", "new=3");
        await RunningAsync(lab, "m1", "new", 3);

        // Both together: a majority of the managers that there once were.
        await lab.Lab.RestartAsync(["m2", "m3"], CancellationToken.None);
        foreach (var name in new[] { "m2", "m3" })
        {
            await lab.UntilAsync($"{name} is a worker of the recovered swarm", async () =>
            {
                using var own = lab.Lab.Connect(name);
                var self = (await own.InfoAsync(LabFixture.Soon())).Swarm;
                var seen = (await lab.NodesAsync("m1")).Single(n => n.Description?.Hostname == name);
                return self is { ControlAvailable: false, LocalNodeState: "active", Error: "" } && seen is { Status.State: "ready", Spec.Role: "worker", ManagerStatus: null } ? "so" : null;
            });
        }

        // And new managers as ever, of nodes that were some before.
        await Task.WhenAll(lab.WantRoleAsync("m1", "m2", "manager"), lab.WantRoleAsync("m1", "m3", "manager"));
        await lab.AddManagersAsync(1);
        await lab.ManagersAreAsync("m4", "m1", "m2", "m3", "m4");
        Assert.Empty(before.Except(await ContainersAsync(lab, "w1", "m1")));
    }

    [Fact]
    public async Task Nodes_that_move_are_found_again_one_by_one_while_they_run_and_all_at_once_by_one_hint()
    {
        await using var lab = await MembersLab.UpAsync("members-e2e-move", 3, 1);
        await lab.DockerOkAsync("m1", "service", "create", "--quiet", "--detach", "--name", "kept", "--mode", "global", "--stop-signal", "SIGKILL", "busybox", "sleep", "infinity");
        await RunningAsync(lab, "m1", "kept", 4);
        var moved = new Dictionary<string, string>();
        foreach (var (name, address) in new[] { ("m3", "33"), ("w1", "34"), ("m2", "32"), ("m1", "31") })
        {
            moved[name] = lab.Lab.Address("m1").ToString().Replace(".11", "." + address, StringComparison.Ordinal);
            await lab.MoveAsync(name, moved[name]);
            await AreAtAsync(lab, name == "m1" ? "m2" : "m1", moved);
        }

        // One is away while the others move, and comes back elsewhere: only the worker knows both sides. Guard: "lost managers" of ManagerHalf.
        await lab.Lab.KillAsync(["m3"], daemonOnly: true, CancellationToken.None);
        moved.Remove("m3");
        foreach (var (name, address) in new[] { ("m2", "42"), ("m1", "41") })
        {
            moved[name] = moved["w1"].Replace(".34", "." + address, StringComparison.Ordinal);
            await lab.MoveAsync(name, moved[name]);
            await AreAtAsync(lab, name == "m1" ? "m2" : "m1", moved);
        }

        moved["m3"] = moved["w1"].Replace(".34", ".43", StringComparison.Ordinal);
        await lab.MoveAsync("m3", moved["m3"]);
        await lab.Lab.RestartAsync(["m3"], CancellationToken.None);
        await AreAtAsync(lab, "m3", moved);

        await lab.Lab.KillAsync(["m1", "m2", "m3", "w1"], daemonOnly: true, CancellationToken.None);
        foreach (var name in moved.Keys.ToList())
        {
            moved[name] = $"10.99.99.{name[1]}{(name[0] == 'w' ? 9 : 0)}";
            await lab.MoveAsync(name, moved[name]);
        }

        await lab.Lab.RestartAsync(["m1", "m2", "m3", "w1"], CancellationToken.None);
        foreach (var name in new[] { "m2", "m3", "w1" })
        {
            using var client = lab.Lab.Connect(name);
            await client.MeetPeerAsync(moved["m1"], LabFixture.Soon());
        }

        await AreAtAsync(lab, "m3", moved);
        await lab.ManagersAreAsync("m2", "m1", "m2", "m3");
        await RunningAsync(lab, "m1", "kept", 4);
    }

    [Fact]
    public async Task A_manager_that_was_cut_off_while_it_was_demoted_and_promoted_again_is_one_when_it_is_back()
    {
        // Found by membership-storm, seeds 23, 28 and 29: its replica never hears that it was taken out, and it has to ask to be let in.
        await using var lab = await MembersLab.UpAsync("members-e2e-blink", 3, 0);
        var leader = await lab.LeaderAsync("m1");
        var cut = leader == "m3" ? "m2" : "m3";
        await lab.Lab.PartitionAsync([cut], CancellationToken.None);
        await lab.UntilAsync($"{cut} is unreachable", async () =>
            (await lab.NodesAsync(leader)).Single(n => n.Description?.Hostname == cut).ManagerStatus?.Reachability == "unreachable" ? "so" : null);
        await lab.WantRoleAsync(leader, cut, "worker");
        await lab.ManagersAreAsync(leader, [.. new[] { "m1", "m2", "m3" }.Where(m => m != cut)]);
        await lab.WantRoleAsync(leader, cut, "manager");
        await lab.Lab.HealAsync(CancellationToken.None);
        await lab.ManagersAreAsync(leader, "m1", "m2", "m3");
        await lab.ManagersAreAsync(cut, "m1", "m2", "m3");
    }

    [Fact]
    public async Task A_manager_whose_disk_went_back_in_time_or_lost_its_log_takes_no_part_until_it_joins_anew()
    {
        await using var lab = await MembersLab.UpAsync("members-e2e-disk", 3, 0);
        var log = Path.Combine(lab.Lab.Paths("m3").Data, "swarm", "raft");

        // Taken out: remove LogIdentity.Claim of ManagerHalf, and m3 votes with what the backup, or an empty folder, remembers.
        await lab.Lab.KillAsync(["m3"], daemonOnly: false, CancellationToken.None);
        var backup = await Shell.RunAsync("cp", ["-a", log, log + ".backup"]);
        Assert.Equal(0, backup.ExitCode);
        Directory.Delete(log, recursive: true);
        await StaysOutAsync(lab, "m3", "it is gone");
        Directory.Move(log + ".backup", log);
        await StaysOutAsync(lab, "m3", "it is a copy or a restored backup");

        await lab.DockerOkAsync("m3", "swarm", "leave", "--force");
        var old = (await lab.NodesAsync("m1")).Single(n => n.Description?.Hostname == "m3");
        await lab.WantRoleAsync("m1", "m3", "worker");
        await lab.ManagersAreAsync("m1", "m1", "m2");
        await lab.DockerOkAsync("m1", "node", "rm", "--force", old.ID);
        var token = await lab.DockerOkAsync("m1", "swarm", "join-token", "--quiet", "manager");
        await lab.DockerOkAsync("m3", "swarm", "join", "--token", token, $"{lab.Lab.Address("m1")}:2377");
        await lab.ManagersAreAsync("m3", "m1", "m2", "m3");
    }

    [Fact]
    public async Task What_would_lose_the_quorum_is_refused_in_docker_s_words_and_a_leader_that_stops_hands_over()
    {
        await using var lab = await MembersLab.UpAsync("members-e2e-quorum", 3, 1);
        var leader = await lab.LeaderAsync("m1");
        await lab.Lab.RestartAsync([leader], CancellationToken.None);
        var next = await lab.LeaderAsync(leader);
        Assert.NotEqual(leader, next);

        // Whom a user names leads.
        using (var client = lab.Lab.Connect("m1"))
        {
            var m2 = (await lab.NodesAsync("m1")).Single(n => n.Description?.Hostname == "m2").ID;
            Assert.Equal(m2, await client.TransferLeadershipAsync(m2, LabFixture.Soon()));
            var worker = await Assert.ThrowsAsync<Swarm.Api.Client.EngineClientException>(() => client.TransferLeadershipAsync("w1", LabFixture.Soon()));
            Assert.Contains("is not a manager", worker.Message, StringComparison.Ordinal);
        }

        Assert.Contains(
            "is a cluster manager and is a member of the raft cluster. It must be demoted to worker before removal",
            (await lab.DockerAsync("m1", "node", "rm", "--force", "m3")).Error,
            StringComparison.Ordinal);
        Assert.Contains(
            "You are attempting to leave the swarm on a node that is participating as a manager. Doing so may lose the consensus of your cluster.",
            (await lab.DockerAsync("m1", "swarm", "leave")).Error,
            StringComparison.Ordinal);

        // One of three is lost: another one must not go.
        await lab.Lab.KillAsync(["m3"], daemonOnly: false, CancellationToken.None);
        await lab.UntilAsync("m3 is unreachable", async () =>
            (await lab.NodesAsync("m1")).Single(n => n.Description?.Hostname == "m3").ManagerStatus?.Reachability == "unreachable" ? "so" : null);
        await lab.UntilAsync("the demotion of m2 is refused", async () =>
        {
            var refused = await lab.DockerAsync("m1", "node", "demote", "m2");
            Assert.NotEqual(0, refused.ExitCode);
            return refused.Error.Contains("can't remove member from the raft: this would result in a loss of quorum", StringComparison.Ordinal) ? "so" : null;
        });
        await lab.UntilAsync("m2 may not leave", async () =>
            (await lab.DockerAsync("m2", "swarm", "leave")).Error.Contains(
                "Removing this node leaves 1 managers out of 3. Without a Raft quorum your swarm will be inaccessible.", StringComparison.Ordinal) ? "so" : null);

        // The lost one may go, then one of two, and never the last.
        await lab.DockerOkAsync("m1", "node", "demote", "m3");
        await lab.ManagersAreAsync("m1", "m1", "m2");
        await lab.DockerOkAsync("m1", "node", "demote", "m2");
        await lab.ManagersAreAsync("m1", "m1");
        Assert.Contains("attempting to demote the last manager of the swarm", (await lab.DockerAsync("m1", "node", "demote", "m1")).Error, StringComparison.Ordinal);
        Assert.Contains("Removing the last manager erases all current state of the swarm.", (await lab.DockerAsync("m1", "swarm", "leave")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_one_manager_acknowledged_every_other_reads_at_once_also_after_it_was_cut_off()
    {
        await using var lab = await MembersLab.UpAsync("members-e2e-read", 3, 0);
        string[] managers = ["m1", "m2", "m3"];
        for (var i = 0; i < 20; i++)
        {
            await WriteAndReadAsync(lab, $"w{i}", managers[i % 3], managers);
        }

        var cut = await lab.LeaderAsync("m1");
        var rest = managers.Where(m => m != cut).ToArray();
        await lab.Lab.PartitionAsync([cut], CancellationToken.None);
        await lab.UntilAsync("the others elect one", async () => await lab.LeaderAsync(rest[0]) is { } leader && leader != cut ? "one" : null);
        await WriteAndReadAsync(lab, "behind", rest[0], rest);
        using (var client = lab.Lab.Connect(cut))
        {
            // It cannot know what it missed, so it must not answer.
            var refused = await Assert.ThrowsAsync<Swarm.Api.Client.EngineClientException>(() => client.ServicesAsync(LabFixture.Soon()));
            Assert.Contains("The swarm does not have a leader.", refused.Message, StringComparison.Ordinal);
            refused = await Assert.ThrowsAsync<Swarm.Api.Client.EngineClientException>(() => client.NodesAsync(LabFixture.Soon()));
            Assert.Contains("The swarm does not have a leader.", refused.Message, StringComparison.Ordinal);
        }

        await lab.Lab.HealAsync(CancellationToken.None);
        await lab.UntilAsync("the one that was cut off answers, and then knows all", async () =>
        {
            using var client = lab.Lab.Connect(cut);
            var names = (await client.ServicesAsync(LabFixture.Soon())).Select(s => s.Spec!.Name).ToList();
            Assert.Contains("behind", names);
            return "so";
        });
        for (var i = 0; i < 10; i++)
        {
            await WriteAndReadAsync(lab, $"after{i}", managers[i % 3], managers);
        }
    }

    private static async Task WriteAndReadAsync(MembersLab lab, string name, string through, IEnumerable<string> readers)
    {
        using var writer = lab.Lab.Connect(through);
        var id = (await writer.CreateServiceAsync(Specs.Sleepers(name, 0), LabFixture.Soon())).ID;
        foreach (var reader in readers)
        {
            using var client = lab.Lab.Connect(reader);
            Assert.Contains(await client.ServicesAsync(LabFixture.Soon()), service => service.ID == id);
        }
    }

    private static async Task StaysOutAsync(MembersLab lab, string node, string reason)
    {
        await lab.Lab.RestartAsync([node], CancellationToken.None);
        using (var client = lab.Lab.Connect(node))
        {
            var info = (await client.InfoAsync(LabFixture.Soon())).Swarm!;
            Assert.Equal(("error", false), (info.LocalNodeState, info.ControlAvailable));
            Assert.Contains(reason, info.Error, StringComparison.Ordinal);
        }

        await lab.Lab.KillAsync([node], daemonOnly: false, CancellationToken.None);
        if (reason != "it is gone")
        {
            await lab.Lab.RestartAsync([node], CancellationToken.None);
        }
    }

    private static Task AreAtAsync(MembersLab lab, string through, IReadOnlyDictionary<string, string> addresses) =>
        lab.UntilAsync("the nodes are known where they are: " + string.Join(", ", addresses), async () =>
        {
            var nodes = await lab.NodesAsync(through);
            return addresses.All(moved => nodes.Single(n => n.Description?.Hostname == moved.Key) is { Status: { State: "ready" } status } node
                && status.Addr == moved.Value && (node.ManagerStatus is null || node.ManagerStatus.Addr == moved.Value + ":2377")) ? "so" : null;
        });

    private static Task RunningAsync(MembersLab lab, string through, string service, int count) => lab.UntilAsync($"{count} tasks of {service} run", async () =>
    {
        using var client = lab.Lab.Connect(through);
        var tasks = await client.TasksAsync(LabFixture.Soon(), new KeyValuePair<string, string>("service", service), new("desired-state", "running"));
        return tasks.Count(t => t.Status?.State == "running") == count ? "so" : null;
    });

    /// <summary>Ids and start of the containers on some nodes, as docker says.</summary>
    private static async Task<IReadOnlyList<string>> ContainersAsync(MembersLab lab, params string[] nodes)
    {
        var found = new List<string>();
        foreach (var node in nodes)
        {
            foreach (var id in (await lab.DockerOkAsync(node, "ps", "--quiet", "--no-trunc")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                found.Add(await lab.DockerOkAsync(node, "inspect", id, "--format", "{{.Id}} {{.State.StartedAt}}"));
            }
        }

        return found;
    }
}
