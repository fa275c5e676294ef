using Swarm.Model;
using TaskStatus = Swarm.Model.TaskStatus;

namespace Swarm.Manager.Dispatch;

/// <summary>Which report of an agent becomes the status of its task.</summary>
internal static class StatusRules
{
    /// <summary>Longest message or error that is kept, characters.</summary>
    internal const int MaxText = 1024;

    /// <summary>The task with the reported status, or null if the report is not the caller's to make, is old, or says nothing new.</summary>
    internal static SwarmTask? Apply(SwarmTask? task, string nodeId, TaskStatus reported)
    {
        if (task is null || task.NodeId != nodeId || !IsAgents(reported.State)
            || task.Status.State < TaskState.Assigned || task.Status.State.IsTerminal() || reported.State < task.Status.State)
        {
            return null;
        }

        var status = reported with
        {
            Message = Cut(reported.Message),
            Error = Cut(reported.Error),
            HostPorts = reported.HostPorts.IsDefaultOrEmpty ? task.Status.HostPorts : reported.HostPorts,
            Container = reported.Container ?? task.Status.Container,
        };
        var isNew = status.State > task.Status.State || status.Message != task.Status.Message || status.Error != task.Status.Error
            || status.Container != task.Status.Container;
        return isNew ? task with { Status = status } : null;
    }

    private static bool IsAgents(TaskState state) => state
        is TaskState.Accepted or TaskState.Preparing or TaskState.Ready or TaskState.Starting or TaskState.Running
        or TaskState.Complete or TaskState.Shutdown or TaskState.Failed or TaskState.Rejected;

    private static string Cut(string text) => text.Length <= MaxText ? text : text[..MaxText];
}
