using Swarm.Model;
using Swarm.Rpc.Dispatch;
using Swarm.Store;

namespace Swarm.Manager.Dispatch;

/// <summary>What one agent has been told in its session, and so what it must still be told.</summary>
internal sealed class AssignmentSet(string nodeId)
{
    private Dictionary<string, TaskState> _tasks = [];
    private HashSet<string> _secrets = [];
    private HashSet<string> _configs = [];
    private bool _told;

    /// <summary>The difference between the node's part of <paramref name="view"/> and what was told before: the first time, all of it. Null: none.</summary>
    internal Assignments? Next(StoreView view)
    {
        var tasks = view.TasksOnNode(nodeId).Where(task => task.Status.State >= TaskState.Assigned).ToList();

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
        };
        (_tasks, _secrets, _configs) = (nextTasks, nextSecrets, nextConfigs);
        var isEmpty = _told && difference.Tasks.IsEmpty && difference.RemovedTasks.IsEmpty && difference.Secrets.IsEmpty
            && difference.RemovedSecrets.IsEmpty && difference.Configs.IsEmpty && difference.RemovedConfigs.IsEmpty;
        _told = true;
        return isEmpty ? null : difference;
    }
}
