using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Swarm.Manager.Dispatch;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Dispatch;
using Swarm.Store;
using TaskStatus = Swarm.Model.TaskStatus;

namespace Swarm.Manager.Tests.Dispatch;

public sealed class ContainerPlacesTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly string Id = Ids.New(new Random(7));
    private readonly MemoryStore _store;
    private readonly ContainerPlaces _places;
    private readonly NetworkTables _tables;

    public ContainerPlacesTests()
    {
        var time = new FakeTimeProvider();
        _store = new MemoryStore(time);
        _places = new ContainerPlaces(_store, new Random(1), time, NullLogger.Instance);
        _tables = new NetworkTables(_store);
        Write(new StoreTransaction()
            .Create(new Network { Id = "net", Annotations = new Annotations { Name = "front" }, Attachable = true, Pools = [new NetworkPool { Subnet = "10.1.0.0/24" }] })
            .Create(new Node { Id = "n1" }).Create(new Node { Id = "n2" })
            .Create(new SwarmTask
            {
                Id = Id,
                NodeId = "n1",
                Spec = new TaskSpec { Attached = new AttachedContainer { ContainerId = "c1" }, Networks = [new NetworkAttachmentConfig { Target = "net", Aliases = ["old", "c1"] }] },
                DesiredState = TaskState.Running,
                Status = new TaskStatus { State = TaskState.Running },
                Networks = [new NetworkAttachment { NetworkId = "net", Addresses = ["10.1.0.3/24"], Aliases = ["old", "c1"] }],
            }));
    }

    private string Names => string.Join(' ', _tables.Take().ByNetwork["net"].Endpoints[Id].Names);

    [Fact]
    public async Task A_place_that_a_node_names_is_found_by_other_names_from_then_on()
    {
        var answer = await _places.AttachAsync("n1", Ask("new", Id), None);
        Assert.Equal((Id, "new c1", "10.1.0.3/24"), (answer.TaskId, string.Join(' ', answer.Place.Aliases), answer.Place.Addresses.Single()));
        Assert.Equal("new c1", Names);
        Assert.Equal("new c1", string.Join(' ', _store.View.Tasks.Find(Id)!.Spec.Networks.Single().Aliases));
        var index = _store.View.Index;
        await _places.AttachAsync("n1", Ask("new", Id), None);
        Assert.Equal(index, _store.View.Index);
    }

    /// <summary>A call that comes late, of before the place was given, changes nothing.</summary>
    [Fact]
    public async Task Who_asks_for_a_place_anew_is_answered_the_one_that_it_has()
    {
        Assert.Equal(Id, (await _places.AttachAsync("n1", Ask("new", ""), None)).TaskId);
        Assert.Equal("old c1", Names);
    }

    [Theory]
    [InlineData("n1", "another")]
    [InlineData("n2", null)]
    public async Task A_place_that_the_node_does_not_have_is_not_named(string node, string? taskId)
    {
        var request = Ask("new", taskId ?? Id) with { ContainerId = taskId is null ? "c1" : "c2" };
        Assert.Equal(RpcStatus.NotFound, (await Assert.ThrowsAsync<RpcFault>(() => _places.AttachAsync(node, request, None))).Status);
        Assert.Equal("old c1", Names);
    }

    [Fact]
    public async Task A_session_says_by_what_names_the_node_has_its_places()
    {
        var place = new ContainerPlace { TaskId = Id, ContainerId = "c1", NetworkId = "net", Addresses = ["10.1.0.3/24"], Names = ["new", "c1"] };
        await _places.ReplaceAsync("n2", [place], None);
        Assert.Equal("old c1", Names);
        await _places.ReplaceAsync("n1", [place], None);
        Assert.Equal("new c1", Names);
        var index = _store.View.Index;
        await _places.ReplaceAsync("n1", [place], None);
        Assert.Equal(index, _store.View.Index);
    }

    private static AttachNetworkRequest Ask(string name, string taskId) => new() { ContainerId = "c1", Network = "net", Names = [name, "c1"], TaskId = taskId };

    private void Write(StoreTransaction transaction) => Assert.True(_store.CommitAsync(transaction, None).Result.IsCommitted);
}
