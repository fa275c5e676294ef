using Swarm.Model;
using Swarm.Rpc.Dispatch;
using Swarm.Simulation.World;
using Swarm.Store;

namespace Swarm.Simulation.Checks;

/// <summary>The laws of design/tasks.md that can be judged at every step.</summary>
public sealed class Invariants(SimulatedCluster world)
{
    /// <summary>Lease plus grace: for so long after a disturbance two tasks of one slot may run.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(8);

    private readonly List<string> _violations = [];
    private readonly StoreWatch _watch = world.Store.Watch();
    private readonly NetworkLaws _networks = new(world);
    private readonly RolloutLaws _rollouts = new(world);
    private readonly Dictionary<string, TimeSpan> _lastDown = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedSet<string>> _held = new(StringComparer.Ordinal);
    private TimeSpan _leaderSince;
    private long _term;

    public void Throw()
    {
        if (_violations.Count > 0)
        {
            throw new InvariantException($"at {world.Time.Elapsed}: {string.Join("; ", _violations)}");
        }
    }

    public void OnCommit()
    {
        while (_watch.Commits.TryRead(out var commit))
        {
            _violations.AddRange(_rollouts.OnCommit(commit));
            foreach (var change in commit.Changes)
            {
                _violations.AddRange(_networks.OnChange(change));
                if (change.Old is Node { Status.State: NodeState.Down } node)
                {
                    _lastDown[node.Id] = world.Time.Elapsed;
                }
                else if (change.Object is SwarmTask { Spec.Attached: null })
                {
                    Judge(commit.View, change.Old as SwarmTask, change.New as SwarmTask);
                }
            }
        }
    }

    /// <summary>Secrets that a node was sent and not told to drop.</summary>
    public IReadOnlyCollection<string> Held(string nodeId) => _held.TryGetValue(nodeId, out var held) ? held : [];

    /// <summary>Law 6: a node gets only the secrets that a task of its own names.</summary>
    public void OnSessionMessage(string nodeId, SessionMessage message)
    {
        if (message.Assignments is not { } assignments)
        {
            return;
        }

        _violations.AddRange(_networks.OnMessage(assignments));
        if (!_held.TryGetValue(nodeId, out var held) || assignments.Complete)
        {
            _held[nodeId] = held = new SortedSet<string>(StringComparer.Ordinal);
        }

        held.UnionWith(assignments.Secrets.Select(secret => secret.Id));
        held.ExceptWith(assignments.RemovedSecrets);
        foreach (var secret in assignments.Secrets)
        {
            Require(
                assignments.Tasks.Concat(world.Store.View.TasksOnNode(nodeId)).Any(task => task.NodeId == nodeId && task.Spec.Container.Secrets.Any(one => one.Id == secret.Id)),
                $"secret {secret.Id} was sent to {nodeId}, which has no task for it");
        }
    }

    /// <summary>A task never runs twice, and law 4: one running task a slot while every node is connected.</summary>
    public void OnStart(string nodeId, SwarmTask task, bool wasStarted)
    {
        Require(!wasStarted, $"task {task.Id} is started a second time on {nodeId}");
        if (_term != world.Term)
        {
            (_term, _leaderSince) = (world.Term, world.Time.Elapsed);
        }

        var service = world.Store.View.Services.Find(task.ServiceId);
        if (task.JobIteration is { } iteration && world.Leader >= 0 && _leaderSince + Grace <= world.Time.Elapsed && world.Machines.Single(one => one.Id == nodeId).IsHealthy(Grace))
        {
            var done = world.Store.View.TasksOfService(task.ServiceId).FirstOrDefault(other => other.JobIteration == iteration && other.Slot == task.Slot
                && (task.Slot > 0 || other.NodeId == nodeId) && other.Status.State == TaskState.Complete && other.Meta.UpdatedAt + Grace < world.Time.GetUtcNow());
            Require(done is null, $"task {task.Id} starts on {nodeId} though {done?.Id} has completed its slot ({task.ServiceName}.{task.Slot})");
        }

        if (service?.Spec.Update?.Order == UpdateOrder.StartFirst || world.Leader < 0 || _leaderSince + Grace > world.Time.Elapsed)
        {
            return;
        }

        foreach (var machine in world.Machines.Where(machine => machine.IsHealthy(Grace)))
        {
            foreach (var other in machine.Executor.RunningTasks)
            {
                Require(
                    IsLeaving(other) || other.ServiceId != task.ServiceId || other.Slot != task.Slot || other.Id == task.Id || (task.Slot == 0 && machine.Id != nodeId)
                        || !world.Machines.Single(one => one.Id == nodeId).IsHealthy(Grace),
                    $"task {task.Id} starts on {nodeId} while {other.Id} of the same slot ({task.ServiceName}.{task.Slot}) runs on {machine.Id}");
            }
        }
    }

    /// <summary>A rebalance starts its successor first.</summary>
    private bool IsLeaving(SwarmTask task) => world.Store.View.Tasks.Find(task.Id) is { IsLeaving: true };

    private void Judge(StoreView view, SwarmTask? old, SwarmTask? now)
    {
        if (old is null)
        {
            Require(now!.Status.State == TaskState.New, $"task {now.Id} is born {now.Status.State}");
            return;
        }

        var from = old.Status.State;
        if (now is null)
        {
            var node = view.Nodes.Find(old.NodeId);
            Require(
                from.IsTerminal() || from < TaskState.Assigned || node is null || (IsOrWasJustDown(node) && old.DesiredState == TaskState.Remove),
                $"task {old.Id} is deleted while {from}");
            return;
        }

        var to = now.Status.State;
        Require(to >= from, $"task {old.Id} goes back from {from} to {to}");
        Require(!from.IsTerminal() || to == from, $"task {old.Id} leaves its end {from} for {to}");
        Require(now.DesiredState >= old.DesiredState, $"the desired state of task {old.Id} goes back from {old.DesiredState} to {now.DesiredState}");
        Require(old.NodeId == now.NodeId || (old.NodeId.Length == 0 && from == TaskState.Pending && to == TaskState.Assigned), $"task {old.Id} moves from {old.NodeId} to {now.NodeId}");
        Require(from != TaskState.New || to is TaskState.New or TaskState.Pending, $"task {old.Id} leaps from New to {to}");
        Require(from != TaskState.Pending || to is TaskState.Pending or TaskState.Assigned, $"task {old.Id} leaps from Pending to {to}");
        Require(
            from >= TaskState.Assigned || to != TaskState.Assigned || view.Nodes.Find(now.NodeId) is not { } chosen || Reservations.FreeMemory(view, chosen) >= 0,
            $"task {old.Id} is assigned to {now.NodeId}, which has no room for it");
        Require(to is not (TaskState.Complete or TaskState.Shutdown) || from >= TaskState.Assigned, $"task {old.Id} ends as {to} from {from}");
    }

    /// <summary>The decision may meet the node's return on its way to the store: the node is told to drop the task all the same.</summary>
    private bool IsOrWasJustDown(Node node) =>
        node.Status.State == NodeState.Down || (_lastDown.TryGetValue(node.Id, out var at) && at + TimeSpan.FromSeconds(1) > world.Time.Elapsed);

    private void Require(bool law, string violation)
    {
        if (!law)
        {
            _violations.Add(violation);
        }
    }
}

public sealed class InvariantException(string message) : Exception(message);
