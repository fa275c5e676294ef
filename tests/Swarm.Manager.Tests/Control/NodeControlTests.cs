using Swarm.Manager.Control;
using Swarm.Model;
using Swarm.Store;
using Swarm.Store.Consensus;

namespace Swarm.Manager.Tests.Control;

public sealed class NodeControlTests
{
    [Fact]
    public async Task Of_two_demotions_at_once_that_each_count_on_the_other_s_manager_one_is_refused()
    {
        // Taken out: without the manager that stays in NodeControl's transaction, both commit and nobody is left.
        var inner = new MemoryStore(TimeProvider.System);
        var created = await inner.CommitAsync(new StoreTransaction().Create(Manager("a")).Create(Manager("b")), default);
        Assert.True(created.IsCommitted);
        var store = new TogetherStore(inner);
        var control = new NodeControl(store);
        var outcomes = await Task.WhenAll(DemoteAsync("a"), DemoteAsync("b"));
        var refused = Assert.Single(outcomes, outcome => outcome is not null);
        Assert.Contains("attempting to demote the last manager of the swarm", refused!.Message, StringComparison.Ordinal);
        Assert.Single(inner.View.Nodes, node => node.Spec.Role == NodeRole.Manager);

        async Task<ControlException?> DemoteAsync(string id)
        {
            try
            {
                // The witness' version moves, which is not what the user decided on: asked with the version as it is, as docker does.
                await control.UpdateAsync(id, inner.View.Nodes.Find(id)!.Meta.Version, new NodeSpec { Role = NodeRole.Worker }, default);
                return null;
            }
            catch (ControlException refusal) when (!refusal.Message.Contains("update out of sequence", StringComparison.Ordinal))
            {
                return refusal;
            }
        }
    }

    [Fact]
    public async Task A_demotion_is_judged_by_who_answers_the_leader_not_by_what_the_agents_last_said()
    {
        // After a change of the leader the agents are suspect for some seconds, and the managers behind them answer all the while.
        var inner = new MemoryStore(TimeProvider.System);
        var suspect = new NodeStatus { State = NodeState.Suspect };
        await inner.CommitAsync(new StoreTransaction().Create(Manager("a")).Create(Manager("b") with { Status = suspect }).Create(Manager("c") with { Status = suspect }), default);
        await new NodeControl(new JudgedStore(inner, silent: null)).UpdateAsync("c", inner.View.Nodes.Find("c")!.Meta.Version, new NodeSpec { Role = NodeRole.Worker }, default);
        Assert.Equal(NodeRole.Worker, inner.View.Nodes.Find("c")!.Spec.Role);
    }

    [Fact]
    public async Task A_demotion_that_would_leave_no_majority_that_answers_is_refused_however_ready_the_agents_are()
    {
        // Taken out: without the question to the consensus in NodeControl, the demotion is accepted.
        var inner = new MemoryStore(TimeProvider.System);
        await inner.CommitAsync(new StoreTransaction().Create(Manager("a")).Create(Manager("b")).Create(Manager("c")), default);
        var control = new NodeControl(new JudgedStore(inner, silent: "b"));
        var refusal = await Assert.ThrowsAsync<ControlException>(
            () => control.UpdateAsync("c", inner.View.Nodes.Find("c")!.Meta.Version, new NodeSpec { Role = NodeRole.Worker }, default));
        Assert.Contains("this would result in a loss of quorum", refusal.Message, StringComparison.Ordinal);

        // The one that is silent already is none to lose.
        await control.UpdateAsync("b", inner.View.Nodes.Find("b")!.Meta.Version, new NodeSpec { Role = NodeRole.Worker }, default);
    }

    private static Node Manager(string id) => new()
    {
        Id = id,
        Role = NodeRole.Manager,
        Spec = new NodeSpec { Role = NodeRole.Manager },
        Status = new NodeStatus { State = NodeState.Ready },
        Manager = new ManagerStatus { Address = id + ":1" },
    };

    /// <summary>All managers answer the leader but one.</summary>
    private sealed class JudgedStore(IObjectStore inner, string? silent) : IObjectStore
    {
        public StoreView View => inner.View;

        public Leadership Leadership => inner.Leadership;

        public ValueTask<StoreView> ReadAsync(CancellationToken cancellation) => inner.ReadAsync(cancellation);

        public Task<CommitResult> CommitAsync(StoreTransaction transaction, CancellationToken cancellation) => inner.CommitAsync(transaction, cancellation);

        public Task<IReadOnlyList<ConsensusMember>> MembersAsync(CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyList<ConsensusMember>>([.. View.Nodes.Select(node => new ConsensusMember(node.Id, true, node.Id != silent))]);

        public StoreWatch Watch() => inner.Watch();

        public IAsyncEnumerable<Leadership> WatchLeadershipAsync(CancellationToken cancellation) => inner.WatchLeadershipAsync(cancellation);
    }

    /// <summary>The first two readers decide on the same view.</summary>
    private sealed class TogetherStore(IObjectStore inner) : IObjectStore
    {
        private readonly TaskCompletionSource _both = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _readers;

        public StoreView View => inner.View;

        public Leadership Leadership => inner.Leadership;

        public async ValueTask<StoreView> ReadAsync(CancellationToken cancellation)
        {
            var view = await inner.ReadAsync(cancellation);
            if (Interlocked.Increment(ref _readers) == 2)
            {
                _both.SetResult();
            }

            await _both.Task.WaitAsync(TimeSpan.FromSeconds(30), cancellation);
            return view;
        }

        public Task<CommitResult> CommitAsync(StoreTransaction transaction, CancellationToken cancellation) => inner.CommitAsync(transaction, cancellation);

        public Task<IReadOnlyList<ConsensusMember>> MembersAsync(CancellationToken cancellation) => inner.MembersAsync(cancellation);

        public StoreWatch Watch() => inner.Watch();

        public IAsyncEnumerable<Leadership> WatchLeadershipAsync(CancellationToken cancellation) => inner.WatchLeadershipAsync(cancellation);
    }
}
