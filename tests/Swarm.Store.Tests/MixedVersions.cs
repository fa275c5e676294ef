using System.Buffers;
using MessagePack;
using Swarm.Model;
using Swarm.Store.Replication;

namespace Swarm.Store.Tests;

/// <summary>What a newer version's manager writes through this version's log, store and snapshots.</summary>
public sealed class MixedVersions
{
    private const TableKind Unheard = (TableKind)200;
    private static readonly DateTimeOffset Time = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private readonly StoreState _state = new("n1", 0);
    private long _index;

    private StoreView View => _state.Tables.View;

    [Fact]
    public void A_kind_of_record_that_is_not_known_is_created_updated_and_deleted()
    {
        Assert.Equal(CommitStatus.Committed, Apply(Write(ChangeKind.Create, "v1", "data", [1])).Status);
        Assert.Equal(CommitStatus.Exists, Apply(Write(ChangeKind.Create, "v1", "data", [1])).Status);
        Assert.Equal(CommitStatus.Conflict, Apply(Write(ChangeKind.Update, "v1", "data", [2], version: 77)).Status);
        Assert.Equal(CommitStatus.Committed, Apply(Write(ChangeKind.Update, "v1", "data", [2], version: 1)).Status);
        Assert.Equal((4L, Time), (View.Find(Unheard, "v1")!.Meta.Version, View.Find(Unheard, "v1")!.Meta.UpdatedAt));
        Assert.Equal(CommitStatus.Conflict, Apply(Write(ChangeKind.Delete, "v1", null, [], version: 1)).Status);
        Assert.Equal(CommitStatus.Committed, Apply(Write(ChangeKind.Delete, "v1", null, [], version: 4)).Status);
        Assert.Null(View.Find(Unheard, "v1"));
        Assert.Empty(View.Rows());
    }

    [Fact]
    public void A_name_is_unique_in_a_table_that_is_not_known_as_in_any_other()
    {
        Apply(Write(ChangeKind.Create, "v1", "data", [1]));
        Assert.Equal(CommitStatus.NameTaken, Apply(Write(ChangeKind.Create, "v2", "data", [1])).Status);
        Assert.Equal(CommitStatus.Committed, Apply(Write(ChangeKind.Create, "v3", null, [1])).Status);
        Assert.Equal(CommitStatus.Committed, Apply(Write(ChangeKind.Create, "v4", null, [1])).Status);
        Apply(Write(ChangeKind.Update, "v1", "logs", [1], version: 1));
        Assert.Equal(CommitStatus.Committed, Apply(Write(ChangeKind.Create, "v2", "data", [1])).Status);
    }

    [Fact]
    public void What_is_not_known_comes_back_from_a_snapshot_byte_for_byte()
    {
        var body = Newer(new Node { Id = "n1", Role = NodeRole.Manager });
        Apply(Write(ChangeKind.Create, "v1", "data", [1, 2, 3]), Write(ChangeKind.Create, "n1", null, body, TableKind.Node));
        var restored = Copy(View);

        Assert.Equal([1, 2, 3], restored.Rows().Single(row => row.Table == Unheard).Body);
        Assert.Equal(body, restored.Rows().Single(row => row.Table == TableKind.Node).Body);
        Assert.Equal("v1", restored.FindByName(Unheard, "data")!.Id);
        Assert.Equal(StoreDigest.Of(View), StoreDigest.Of(restored));
    }

    [Fact]
    public void A_task_is_held_without_its_bytes_only_where_writing_it_gives_the_same()
    {
        var older = OfFewerFields("t1", "s1");
        Apply(Write(ChangeKind.Create, "t1", null, older, TableKind.Task));
        Apply([.. new StoreTransaction().Create(new SwarmTask { Id = "t2", ServiceId = "s1", Spec = new TaskSpec { Container = new ContainerSpec { Image = "busybox" } } }).Changes]);
        Apply([.. new StoreTransaction().Update(View.Tasks.Find("t2")! with { NodeId = "n1" }).Changes]);
        foreach (var view in new[] { View, Copy(View) })
        {
            Assert.Equal([older, null], view.Tasks.Rows.Select(row => row.Body));
            Assert.Equal(older, view.Rows().First().Body);
            Assert.Equal(Records.Encode(view.Tasks.Find("t2")!), view.Rows().Last().Body);
            Assert.Equal(["t1", "t2"], view.TasksOfService("s1").Select(task => task.Id));
            Assert.Equal(["t2"], view.TasksOnNode("n1").Select(task => task.Id));
            Assert.Equal(StoreDigest.Of(View), StoreDigest.Of(view));
        }
    }

    [Fact]
    public void A_newer_version_s_field_survives_a_change_by_this_version_and_a_snapshot()
    {
        Apply(Write(ChangeKind.Create, "n1", null, Newer(new Node { Id = "n1", Spec = new NodeSpec { Availability = (NodeAvailability)99 } }), TableKind.Node));
        _state.Tables.Restore(Copy(View));
        var read = View.Nodes.Find("n1")!;
        Apply([.. new StoreTransaction().Update(read with { Status = new NodeStatus { State = NodeState.Ready } }).Changes]);
        var changed = Copy(View).Nodes.Find("n1")!;

        Assert.Equal(NodeState.Ready, changed.Status.State);
        Assert.Equal((NodeAvailability)99, changed.Spec.Availability);
        Assert.NotNull(read.Unknown);
        Assert.Equal(read.Unknown, changed.Unknown);
        Assert.Equal(Newer(changed with { Unknown = null, Meta = new Meta() }), View.Rows().Single().Body);
    }

    [Fact]
    public void Fields_of_a_change_and_of_a_transaction_that_are_not_known_are_passed_on_by_the_leader()
    {
        var change = Codec.Deserialize<StoredChange>(Newer(Write(ChangeKind.Create, "v1", "data", [1])));
        var transaction = Codec.Deserialize<LogTransaction>(Newer(new LogTransaction { Changes = [change] }));
        var batch = Codec.Deserialize<LogBatch>(Codec.Serialize(new LogBatch { Time = Time, Proposer = "n1", Transactions = [transaction] }));

        Assert.Equal(Newer(new LogTransaction { Changes = [change] }), Codec.Serialize(Assert.Single(batch.Transactions)));
        Assert.NotNull(Assert.Single(batch.Transactions[0].Changes).Unknown);
    }

    [Fact]
    public void A_kind_of_change_that_is_not_known_stops_this_replica_rather_than_parting_it_from_the_others()
    {
        var failure = Assert.Throws<InvalidDataException>(() => Apply(Write((ChangeKind)9, "v1", null, [1])));
        Assert.Contains("too old", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_watch_tells_of_records_that_are_not_known()
    {
        using var watch = _state.Tables.Watch();
        Apply(Write(ChangeKind.Create, "v1", "data", [1]));

        Assert.True(watch.Commits.TryRead(out var commit));
        Assert.Equal((Unheard, "v1"), (commit.Changes[0].Table, commit.Changes[0].Object.Id));
    }

    [Fact]
    public async Task Every_member_of_a_cluster_holds_the_same_bytes_of_what_none_of_them_knows()
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a", options => options with { SnapshotEvery = 10 });
        await cluster.LeaderAsync();
        await cluster.GrowAsync("b");
        for (var i = 0; i < 30; i++)
        {
            var transaction = new StoreTransaction().Create(new Node { Id = $"n{i}" });
            Assert.True((await cluster.Run(cluster["b"].CommitAsync(transaction, CancellationToken.None))).IsCommitted);
        }

        // As a newer version's follower would forward it.
        var leader = await cluster.LeaderAsync();
        var newer = new LogTransaction { Changes = [Write(ChangeKind.Create, "v1", "data", [1, 2]), Write(ChangeKind.Create, "x1", null, Newer(new Node { Id = "x1" }), TableKind.Node)] };
        byte[] request = [0x40, .. Codec.Serialize(newer)];
        var answer = Codec.Deserialize<ForwardAnswer>(await cluster.Run(cluster[leader].HandleAsync(leader == "a" ? "b" : "a", request, CancellationToken.None)));
        Assert.True(answer.Result is { IsCommitted: true }, answer.ToString());

        // The third member comes by a snapshot, not by the log.
        await cluster.GrowAsync("c");
        await cluster.Until(() => cluster.Up.Values.All(store => store.View.Find(Unheard, "v1") is not null && store.View.Index == cluster[leader].View.Index));
        var expected = StoreDigest.Of(cluster[leader].View);
        Assert.All(cluster.Up.Values, store => Assert.Equal(expected, StoreDigest.Of(store.View)));
        Assert.All(cluster.Up.Values, store => Assert.NotNull(store.View.Nodes.Find("x1")!.Unknown));
    }

    private static StoredChange Write(ChangeKind kind, string id, string? name, byte[] body, TableKind table = Unheard) => Write(kind, id, name, body, 0, table);

    private static StoredChange Write(ChangeKind kind, string id, string? name, byte[] body, long version, TableKind table = Unheard) =>
        new() { Kind = kind, Table = table, Id = id, ReadVersion = version, CarriesName = true, Name = name, Body = body };

    /// <summary>A task as a version wrote it that knew no more than its id, its meta and its service.</summary>
    private static byte[] OfFewerFields(string id, string service)
    {
        var bytes = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(bytes);
        writer.WriteArrayHeader(3);
        writer.Write(id);
        writer.WriteRaw(Codec.Serialize(new Meta()));
        writer.Write(service);
        writer.Flush();
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>The record as a version would write it that has one field more.</summary>
    private static byte[] Newer<T>(T record)
    {
        var bytes = Codec.Serialize(record);
        var reader = new MessagePackReader(bytes);
        var count = reader.ReadArrayHeader();
        var output = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(count + 1);
        writer.WriteRaw(bytes.AsSpan((int)reader.Consumed));
        writer.Write("of a newer version");
        writer.Flush();
        return output.WrittenSpan.ToArray();
    }

    private static StoreView Copy(StoreView view)
    {
        using var bytes = new MemoryStream();
        StoreSnapshot.Write(view, bytes);
        return StoreSnapshot.Read(new MemoryStream(bytes.ToArray()));
    }

    private CommitResult Apply(params StoredChange[] changes)
    {
        _state.Apply(++_index, 1, Codec.Serialize(new LogBatch { Time = Time, Proposer = "n1", Transactions = [new LogTransaction { Changes = [.. changes] }] }));
        return Assert.Single(_state.TakeResults(_index)!);
    }
}
