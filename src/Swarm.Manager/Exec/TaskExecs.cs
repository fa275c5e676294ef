using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using Swarm.Manager.Control;
using Swarm.Model;
using Swarm.Rpc.Work;
using Swarm.Store;

namespace Swarm.Manager.Exec;

/// <summary>Commands in the containers of tasks, wherever they run.</summary>
public sealed class TaskExecs(IObjectStore store, INodeWorkClient client)
{
    private const int IdBytes = 32;

    /// <summary>Prepares a command in a running task; it is started by <see cref="TaskExec.RunAsync"/>.</summary>
    /// <param name="target">A task's id, a prefix of it or its name; service.slot; or a service, of which the first running task is taken.</param>
    /// <exception cref="ControlException">404; 409: nothing of it runs; 400: no command.</exception>
    public async Task<TaskExec> CreateAsync(string target, TaskExecCommand command, CancellationToken cancellation)
    {
        if (command.Arguments.IsEmpty)
        {
            throw new ControlException(400, "No exec command specified");
        }

        var view = await store.ReadAsync(cancellation).ConfigureAwait(false);
        var task = Find(view, target);
        var node = view.Nodes.Find(task.NodeId) ?? throw ControlException.NotFound($"node {task.NodeId} not found");
        if (node.Status.State == NodeState.Down)
        {
            throw new ControlException(409, $"task {task.Name} is on node {node.Description.Hostname}, which is down");
        }

        return new TaskExec(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes)), task, AddressOf(node), client, command);
    }

    internal static string AddressOf(Node node) =>
        node.Status.RpcAddress.Length > 0 ? node.Status.RpcAddress : string.Create(CultureInfo.InvariantCulture, $"{node.Status.Address}:{Rpc.RpcLimits.DefaultPort}");

    private static SwarmTask Find(StoreView view, string target)
    {
        var tasks = Candidates(view, target);
        return tasks.Find(task => task.Status.State == TaskState.Running && task.DesiredState == TaskState.Running)
            ?? throw new ControlException(
                409, tasks is [var only] ? $"task {only.Name} is not running: it is {only.Status.State.ToString().ToLowerInvariant()}" : $"no task of {target} is running");
    }

    private static List<SwarmTask> Candidates(StoreView view, string target)
    {
        if (view.Services.FindByName(target) is { } service || (service = view.Services.Find(target)) is not null)
        {
            return [.. view.TasksOfService(service.Id).OrderBy(task => task.Slot).ThenBy(task => task.Id, StringComparer.Ordinal)];
        }

        var dot = target.LastIndexOf('.');
        if (dot > 0 && ulong.TryParse(target[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var slot) && view.Services.FindByName(target[..dot]) is { } of)
        {
            return [.. view.TasksOfService(of.Id).Where(task => task.Slot == slot)];
        }

        return [view.Task(target)];
    }
}
