using Swarm.Manager.Loops;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Tests;

/// <summary>Drives control loops over a store of one process, step by step and without threads.</summary>
internal sealed class LoopDriver
{
    private readonly List<(ControlLoop Loop, StoreWatch Watch)> _loops = [];

    internal LoopDriver(Microsoft.Extensions.Time.Testing.FakeTimeProvider time, params ControlLoop[] loops)
    {
        Time = time;
        Store = new MemoryStore(time);
        foreach (var loop in loops)
        {
            var watch = Store.Watch();
            loop.Reset(watch.Start, TimeSpan.Zero);
            _loops.Add((loop, watch));
        }
    }

    internal Microsoft.Extensions.Time.Testing.FakeTimeProvider Time { get; }

    internal MemoryStore Store { get; }

    internal StoreView View => Store.View;

    internal void Write(Func<StoreTransaction, StoreTransaction> change) =>
        Assert.True(Store.CommitAsync(change(new StoreTransaction()), CancellationToken.None).Result.IsCommitted);

    internal void Node(string id, Func<Node, Node>? change = null)
    {
        var old = View.Nodes.Find(id);
        var node = old ?? new Node
        {
            Id = id,
            Status = new NodeStatus { State = NodeState.Ready },
            Description = new NodeDescription { Resources = new Resources { NanoCpus = 4_000_000_000, MemoryBytes = 1 << 30 } },
        };
        node = change?.Invoke(node) ?? node;
        Write(transaction => old is null ? transaction.Create(node) : transaction.Update(node));
    }

    /// <summary>The agents' part: every assigned task that should run does, every other has stopped.</summary>
    internal void AgentsCatchUp()
    {
        foreach (var task in View.Tasks.Where(task => task.NodeId.Length > 0 && !task.Status.State.IsTerminal() && View.Nodes.Find(task.NodeId)?.Status.State == NodeState.Ready))
        {
            var state = task.DesiredState switch
            {
                TaskState.Running => TaskState.Running,
                TaskState.Ready => TaskState.Ready,
                _ => TaskState.Shutdown,
            };
            if (state > task.Status.State)
            {
                Report(task, state);
            }
        }
    }

    internal void Report(SwarmTask task, TaskState state) =>
        Write(transaction => transaction.Update(task with { Status = task.Status with { State = state, Timestamp = Time.GetUtcNow() } }));

    /// <summary>Another manager's loops go on, with nothing but the store.</summary>
    internal void ChangeLeader()
    {
        foreach (var (loop, watch) in _loops)
        {
            while (watch.Commits.TryRead(out _))
            {
            }

            loop.Reset(View, Time.GetUtcNow() - Time.Start);
        }
    }

    /// <summary>Until no loop has anything to decide.</summary>
    internal void Settle()
    {
        for (var rounds = 0; rounds < 1000; rounds++)
        {
            if (!Step())
            {
                return;
            }
        }

        Assert.Fail("the loops never settle");
    }

    /// <summary>Every loop decides once, as much as a transaction holds. Answers whether any had something to decide.</summary>
    internal bool Step()
    {
        var moved = false;
        foreach (var (loop, watch) in _loops)
        {
            while (watch.Commits.TryRead(out var commit))
            {
                loop.Observe(commit);
            }

            var batch = new ChangeBatch(StoreTransaction.MaxChanges);
            loop.Decide(View, batch, Time.GetUtcNow(), Time.GetUtcNow() - Time.Start);
            if (!batch.IsEmpty)
            {
                Assert.True(Store.CommitAsync(batch.Transaction, CancellationToken.None).Result.IsCommitted);
                moved = true;
            }
        }

        return moved;
    }
}
