using Swarm.Manager.Control;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Tests.Control;

public sealed class ServiceControlTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly MemoryStore _memory = new(TimeProvider.System);
    private readonly ScriptedStore _store;
    private readonly ServiceControl _control;

    public ServiceControlTests()
    {
        _store = new ScriptedStore(_memory);
        _control = new ServiceControl(_store, new IdSource(new Random(7)), new ServiceValidation(_ => null), TimeProvider.System);
    }

    [Fact]
    public async Task Service_without_a_name_gets_a_valid_one()
    {
        var service = await _control.CreateAsync(Spec(""), None);
        Assert.Matches("^[a-z]+_[a-z]+[0-9]+$", service.Spec.Annotations.Name);
        Assert.Equal(service.Id, _memory.View.Services.FindByName(service.Spec.Annotations.Name)!.Id);
    }

    [Fact]
    public async Task Commit_that_met_another_one_is_decided_again_on_the_new_view()
    {
        _store.Script(CommitStatus.Conflict, CommitStatus.Conflict);
        await _control.CreateAsync(Spec("web"), None);
        Assert.Equal(3, _store.Commits);
        Assert.Single(_memory.View.Services);
    }

    [Fact]
    public async Task Object_that_never_stands_still_is_given_up_after_a_bound()
    {
        _store.Script([.. Enumerable.Repeat(CommitStatus.Conflict, 100)]);
        var refused = await Assert.ThrowsAsync<ControlException>(() => _control.CreateAsync(Spec("web"), None));
        Assert.Equal(500, refused.Status);
        Assert.InRange(_store.Commits, 2, 99);
    }

    [Fact]
    public async Task Write_whose_end_is_unknown_is_told_and_not_tried_again()
    {
        _store.Script(CommitStatus.Unknown);
        var refused = await Assert.ThrowsAsync<ControlException>(() => _control.CreateAsync(Spec("web"), None));
        Assert.Equal(500, refused.Status);
        Assert.Contains("may or may not have been done", refused.Message);
        Assert.Equal(1, _store.Commits);
    }

    [Fact]
    public async Task Without_a_leader_nothing_is_written()
    {
        _store.Script(CommitStatus.NoLeader);
        await Assert.ThrowsAsync<NoLeaderException>(() => _control.CreateAsync(Spec("web"), None));
    }

    [Fact]
    public async Task Name_that_was_taken_while_the_commit_was_in_flight_is_a_conflict()
    {
        _store.Before = async () =>
        {
            _store.Before = null;
            var other = new Service { Id = "other", Spec = Spec("web") };
            Assert.True((await _memory.CommitAsync(new StoreTransaction().Create(other), None)).IsCommitted);
        };
        var refused = await Assert.ThrowsAsync<ControlException>(() => _control.CreateAsync(Spec("web"), None));
        Assert.Equal((409, "rpc error: code = AlreadyExists desc = name conflicts with an existing object: service web already exists"), (refused.Status, refused.Message));
        Assert.Equal("other", Assert.Single(_memory.View.Services).Id);
    }

    [Fact]
    public async Task Update_on_an_old_version_changes_nothing()
    {
        var id = (await _control.CreateAsync(Spec("web"), None)).Id;
        var version = Current(id).Meta.Version;
        await _control.UpdateAsync(id, version, Spec("web") with { Replicas = 2 }, None);
        var refused = await Assert.ThrowsAsync<ControlException>(() => _control.UpdateAsync(id, version, Spec("web") with { Replicas = 3 }, None));
        Assert.Equal("rpc error: code = Unknown desc = update out of sequence", refused.Message);
        Assert.Equal(2ul, Current(id).Spec.Replicas);
    }

    [Fact]
    public async Task Update_that_somebody_overtakes_in_flight_is_out_of_sequence()
    {
        var id = (await _control.CreateAsync(Spec("web"), None)).Id;
        var version = Current(id).Meta.Version;
        _store.Before = async () =>
        {
            _store.Before = null;
            Assert.True((await _memory.CommitAsync(new StoreTransaction().Update(Current(id) with { Spec = Spec("web") with { Replicas = 9 } }), None)).IsCommitted);
        };
        await Assert.ThrowsAsync<ControlException>(() => _control.UpdateAsync(id, version, Spec("web") with { Replicas = 3 }, None));
        Assert.Equal(9ul, Current(id).Spec.Replicas);
    }

    [Fact]
    public async Task Rollback_restores_the_exact_earlier_spec_and_can_itself_be_rolled_back()
    {
        var first = Spec("web") with { Replicas = 4, Task = new TaskSpec { Container = new ContainerSpec { Image = "busybox:1", Env = ["A=b"] } } };
        var second = first with { Task = new TaskSpec { Container = new ContainerSpec { Image = "busybox:2" } } };
        var id = (await _control.CreateAsync(first, None)).Id;
        await _control.UpdateAsync(id, Current(id).Meta.Version, second, None);
        var made = Current(id).SpecVersion;
        await _control.RollbackAsync(id, Current(id).Meta.Version, None);
        Assert.True(Codec.Same(first, Current(id).Spec));
        Assert.NotEqual(made, Current(id).SpecVersion);
        Assert.Equal(UpdateState.RollbackStarted, Current(id).UpdateStatus!.State);
        await _control.RollbackAsync(id, Current(id).Meta.Version, None);
        Assert.True(Codec.Same(second, Current(id).Spec));
    }

    [Fact]
    public async Task Removed_service_is_not_found_and_frees_its_name_while_its_record_still_waits()
    {
        var id = (await _control.CreateAsync(Spec("web"), None)).Id;
        await _control.RemoveAsync("web", None);
        Assert.True(Current(id).PendingDelete);
        var refused = await Assert.ThrowsAsync<ControlException>(() => _control.RemoveAsync(id, None));
        Assert.Equal((404, $"service {id} not found"), (refused.Status, refused.Message));
        var next = await _control.CreateAsync(Spec("web"), None);
        await _memory.CommitAsync(new StoreTransaction().Delete(Current(id)), None);
        Assert.Equal(next.Id, _memory.View.Services.FindByName("web")!.Id);
    }

    [Fact]
    public async Task Host_port_may_be_shared_and_an_ingress_port_may_not()
    {
        await _memory.CommitAsync(new StoreTransaction().Create(new Service { Id = "in", Spec = Port("in", 80, PublishMode.Ingress) }), None);
        await _control.CreateAsync(Port("a", 90, PublishMode.Host), None);
        await _control.CreateAsync(Port("b", 90, PublishMode.Host), None);
        var refused = await Assert.ThrowsAsync<ControlException>(() => _control.CreateAsync(Port("c", 80, PublishMode.Host), None));
        Assert.Equal("rpc error: code = InvalidArgument desc = port '80' is already in use by service 'in' (in) as an ingress port", refused.Message);
    }

    [Theory]
    [InlineData("busybox", true)]
    [InlineData("busybox:1.36", true)]
    [InlineData("localhost:5000/a/b:t", true)]
    [InlineData("Registry.example.com/a_b/c--d@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", true)]
    [InlineData("[::1]:5000/a", true)]
    [InlineData("Busybox", false)]
    [InlineData("a//b", false)]
    [InlineData("busybox:", false)]
    [InlineData("busybox@sha256:12", false)]
    [InlineData("a..b", false)]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", false)]
    public async Task Image_reference_is_checked(string image, bool valid)
    {
        var spec = Spec("web") with { Task = new TaskSpec { Container = new ContainerSpec { Image = image } } };
        if (valid)
        {
            await _control.CreateAsync(spec, None);
            return;
        }

        var refused = await Assert.ThrowsAsync<ControlException>(() => _control.CreateAsync(spec, None));
        Assert.Equal($"rpc error: code = InvalidArgument desc = ContainerSpec: \"{image}\" is not a valid repository/tag", refused.Message);
    }

    private static ServiceSpec Spec(string name) => new()
    {
        Annotations = new Annotations { Name = name },
        Task = new TaskSpec { Container = new ContainerSpec { Image = "busybox" } },
    };

    private static ServiceSpec Port(string name, int port, PublishMode mode) =>
        Spec(name) with { Endpoint = new EndpointSpec { Ports = [new PortConfig { TargetPort = 80, PublishedPort = port, PublishMode = mode }] } };

    private Service Current(string id) => _memory.View.Services.Find(id)!;
}
