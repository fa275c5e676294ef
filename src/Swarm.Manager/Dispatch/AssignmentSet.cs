using System.Collections.Immutable;
using Swarm.Model;
using Swarm.Rpc.Dispatch;

namespace Swarm.Manager.Dispatch;

/// <summary>What one agent has been told in its session, and so what it must still be told.</summary>
internal sealed class AssignmentSet(string nodeId, NetworkTables tables, Drains drains)
{
    private Dictionary<string, TaskState> _tasks = [];
    private ImmutableDictionary<string, NetworkTable> _networks = ImmutableDictionary<string, NetworkTable>.Empty;
    private HashSet<string> _secrets = [];
    private HashSet<string> _configs = [];
    private bool _told;

    /// <summary>Tasks that are to stop, of which the agent is not told yet.</summary>
    internal HashSet<string> Withheld { get; } = [];

    /// <summary>The difference between the node's part of <paramref name="picture"/> and what was told before: the first time, all of it. Null: none.</summary>
    internal Assignments? Next(NetworkPicture picture)
    {
        var view = picture.View;
        Withheld.Clear();
        var tasks = view.TasksOnNode(nodeId).Where(task => task.Status.State >= TaskState.Assigned && task.Spec.Attached is null)
            .Select(task => AsTold(task, picture)).ToList();
        var networks = picture.ByNetwork.Where(one => one.Value.Peers.ContainsKey(nodeId)).ToImmutableDictionary();

        // Values go only where a task needs them, and only while it does.
        var needing = tasks.Where(task => !task.Status.State.IsTerminal() && task.DesiredState <= TaskState.Running).ToList();
        var secrets = needing.SelectMany(task => task.Spec.Container.Secrets).Select(one => view.Secrets.Find(one.Id)).OfType<Secret>().DistinctBy(one => one.Id).ToList();
        var configs = needing.SelectMany(task => task.Spec.Container.Configs).Select(one => view.Configs.Find(one.Id)).OfType<Config>().DistinctBy(one => one.Id).ToList();

        var nextTasks = tasks.ToDictionary(task => task.Id, task => task.DesiredState);
        var nextSecrets = secrets.Select(one => one.Id).ToHashSet(StringComparer.Ordinal);
        var nextConfigs = configs.Select(one => one.Id).ToHashSet(StringComparer.Ordinal);
        var difference = new Assignments
        {
            Complete = !_told,

            // All else in a task is fixed, or the agent's own report.
            Tasks = [.. tasks.Where(task => !_tasks.TryGetValue(task.Id, out var desired) || desired != task.DesiredState)],
            RemovedTasks = [.. _tasks.Keys.Where(id => !nextTasks.ContainsKey(id)).Order(StringComparer.Ordinal)],
            // A value never changes, only its labels do.
            Secrets = [.. secrets.Where(one => !_secrets.Contains(one.Id))],
            RemovedSecrets = [.. _secrets.Where(id => !nextSecrets.Contains(id)).Order(StringComparer.Ordinal)],
            Configs = [.. configs.Where(one => !_configs.Contains(one.Id))],
            RemovedConfigs = [.. _configs.Where(id => !nextConfigs.Contains(id)).Order(StringComparer.Ordinal)],
            Networks = [.. networks.Where(one => _networks.GetValueOrDefault(one.Key) != one.Value).OrderBy(one => one.Key, StringComparer.Ordinal)
                .Select(one => tables.Between(_networks.GetValueOrDefault(one.Key), one.Value))],
            RemovedNetworks = [.. _networks.Keys.Where(id => !networks.ContainsKey(id)).Order(StringComparer.Ordinal)],
            NetworksIndex = view.Index,
        };
        foreach (var id in difference.Tasks.Where(task => task.DesiredState > TaskState.Running).Select(task => task.Id).Concat(difference.RemovedTasks))
        {
            drains.Forget(id);
        }

        (_tasks, _secrets, _configs, _networks) = (nextTasks, nextSecrets, nextConfigs, networks);
        var isEmpty = _told && difference.Tasks.IsEmpty && difference.RemovedTasks.IsEmpty && difference.Secrets.IsEmpty
            && difference.RemovedSecrets.IsEmpty && difference.Configs.IsEmpty && difference.RemovedConfigs.IsEmpty
            && difference.Networks.IsEmpty && difference.RemovedNetworks.IsEmpty;
        _told = true;
        return isEmpty ? null : difference;
    }

    /// <summary>A running task that is to stop goes on, as far as its node knows, until nobody sends it anything new.</summary>
    private SwarmTask AsTold(SwarmTask task, NetworkPicture picture)
    {
        if (task.DesiredState <= TaskState.Running || task.Status.State != TaskState.Running || task.Networks.IsEmpty
            || _tasks.GetValueOrDefault(task.Id) > TaskState.Running || drains.MayStop(task, picture))
        {
            return task;
        }

        Withheld.Add(task.Id);
        return task with { DesiredState = TaskState.Running };
    }
}
