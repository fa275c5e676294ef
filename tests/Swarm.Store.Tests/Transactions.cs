using CsCheck;
using Swarm.Model;
using Swarm.Store.Replication;

namespace Swarm.Store.Tests;

public sealed class Transactions
{
    private static readonly DateTimeOffset Time = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private readonly ObjectTables _tables = new();
    private long _index;

    [Fact]
    public void What_a_transaction_creates_carries_the_index_and_the_time_of_its_entry()
    {
        var result = Apply(new StoreTransaction().Create(Service("s1", "web")));
        var service = _tables.View.Services.Find("s1")!;
        Assert.Equal(CommitStatus.Committed, result.Status);
        Assert.Equal((result.Index, Time, Time), (service.Meta.Version, service.Meta.CreatedAt, service.Meta.UpdatedAt));
        Assert.Same(service, _tables.View.Services.FindByName("web"));
    }

    [Fact]
    public void An_update_of_what_has_moved_is_refused()
    {
        Apply(new StoreTransaction().Create(Service("s1", "web")));
        var read = _tables.View.Services.Find("s1")!;
        Assert.True(Apply(new StoreTransaction().Update(read)).IsCommitted);
        var late = Apply(new StoreTransaction().Update(read));
        Assert.Equal((CommitStatus.Conflict, "s1"), (late.Status, late.ObjectId));
    }

    [Fact]
    public void A_delete_of_what_has_moved_is_refused()
    {
        Apply(new StoreTransaction().Create(Service("s1", "web")));
        var read = _tables.View.Services.Find("s1")!;
        Apply(new StoreTransaction().Update(read));
        Assert.Equal(CommitStatus.Conflict, Apply(new StoreTransaction().Delete(read)).Status);
        Assert.True(Apply(new StoreTransaction().Delete(_tables.View.Services.Find("s1")!)).IsCommitted);
        Assert.Null(_tables.View.Services.FindByName("web"));
    }

    [Fact]
    public void A_refused_transaction_leaves_nothing_behind()
    {
        Apply(new StoreTransaction().Create(Service("s1", "web")));
        var before = _tables.View;
        var refused = Apply(new StoreTransaction().Create(Service("s2", "db")).Create(Service("s3", "web")));
        Assert.Equal((CommitStatus.NameTaken, "s3"), (refused.Status, refused.ObjectId));
        Assert.Same(before, _tables.View);
    }

    [Fact]
    public void An_id_is_given_once()
    {
        Apply(new StoreTransaction().Create(Service("s1", "web")));
        Assert.Equal(CommitStatus.Exists, Apply(new StoreTransaction().Create(Service("s1", "other"))).Status);
    }

    [Fact]
    public void A_name_is_free_again_after_a_rename()
    {
        Apply(new StoreTransaction().Create(Service("s1", "web")));
        var read = _tables.View.Services.Find("s1")!;
        Apply(new StoreTransaction().Update(Service("s1", "www") with { Meta = read.Meta }));
        Assert.Null(_tables.View.Services.FindByName("web"));
        Assert.True(Apply(new StoreTransaction().Create(Service("s2", "web"))).IsCommitted);
    }

    [Fact]
    public void Tasks_are_found_by_service_and_by_node_wherever_they_move()
    {
        Apply(new StoreTransaction().Create(Task("t1", "s1", "n1")).Create(Task("t2", "s1", "")).Create(Task("t3", "s2", "n1")));
        var moved = _tables.View.Tasks.Find("t1")!;
        Apply(new StoreTransaction().Update(moved with { NodeId = "n2" }));
        Assert.Equal(["t1", "t2"], _tables.View.TasksOfService("s1").Select(task => task.Id));
        Assert.Equal(["t3"], _tables.View.TasksOnNode("n1").Select(task => task.Id));
        Assert.Equal(["t1"], _tables.View.TasksOnNode("n2").Select(task => task.Id));
        Apply(new StoreTransaction().Delete(_tables.View.Tasks.Find("t3")!));
        Assert.Empty(_tables.View.TasksOnNode("n1"));
    }

    [Fact]
    public void A_view_in_hand_never_changes()
    {
        Apply(new StoreTransaction().Create(Service("s1", "web")));
        var before = _tables.View;
        Apply(new StoreTransaction().Delete(before.Services.Find("s1")!));
        Assert.NotNull(before.Services.Find("s1"));
        Assert.Null(_tables.View.Services.Find("s1"));
    }

    [Fact]
    public void Whatever_was_committed_a_snapshot_gives_back_with_its_indexes() => Gen.Select(Gen.Int[0, 9], Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 2])
        .List[0, 60].Sample(steps =>
        {
            var tables = new ObjectTables();
            long index = 0;
            foreach (var (id, service, node, kind) in steps)
            {
                var old = tables.View.Tasks.Find($"t{id}");
                var task = Task($"t{id}", $"s{service}", node == 0 ? "" : $"n{node}") with { Meta = old?.Meta ?? new Meta() };
                var change = old is null ? new StoreTransaction().Create(task) : kind == 0 ? new StoreTransaction().Delete(old) : new StoreTransaction().Update(task);
                Assert.True(tables.Apply(++index, Time, change.Changes).IsCommitted);
            }

            using var bytes = new MemoryStream();
            StoreSnapshot.Write(tables.View, bytes);
            var restored = StoreSnapshot.Read(new MemoryStream(bytes.ToArray()));
            Assert.Equal(tables.View.Index, restored.Index);
            Assert.Equal(tables.View.Tasks.Select(Codec.Serialize), restored.Tasks.Select(Codec.Serialize));
            for (var i = 0; i <= 3; i++)
            {
                Assert.Equal(tables.View.TasksOfService($"s{i}").Select(task => task.Id), restored.TasksOfService($"s{i}").Select(task => task.Id));
                Assert.Equal(tables.View.TasksOnNode($"n{i}").Select(task => task.Id), restored.TasksOnNode($"n{i}").Select(task => task.Id));
            }
        }, iter: 200);

    private static Service Service(string id, string name) =>
        new() { Id = id, Spec = new ServiceSpec { Annotations = new Annotations { Name = name } } };

    private static SwarmTask Task(string id, string serviceId, string nodeId) => new() { Id = id, ServiceId = serviceId, NodeId = nodeId };

    private CommitResult Apply(StoreTransaction transaction) => _tables.Apply(++_index, Time, transaction.Changes);
}
