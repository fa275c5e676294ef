using System.Globalization;
using System.Text.RegularExpressions;
using Swarm.Engine;
using Swarm.Model;

namespace Swarm.Node;

/// <summary>The placeholders that Docker fills in for a task's environment, hostname and mounts, such as {{.Task.Slot}}.</summary>
internal sealed partial class TaskTemplate(SwarmTask task, string nodeHostname)
{
    /// <exception cref="EngineException">400: an unknown placeholder.</exception>
    public string Expand(string text) => !text.Contains("{{", StringComparison.Ordinal) ? text : Placeholder().Replace(text, match => match.Groups[1].Value switch
    {
        "Service.ID" => task.ServiceId,
        "Service.Name" => task.ServiceName,
        "Node.ID" => task.NodeId,
        "Node.Hostname" => nodeHostname,
        "Task.ID" => task.Id,
        "Task.Name" => task.Name,
        "Task.Slot" => task.Slot == 0 ? task.NodeId : task.Slot.ToString(CultureInfo.InvariantCulture),
        var unknown => throw EngineException.BadRequest($"expanding template failed: {{{{.{unknown}}}}} in \"{text}\" is not one of Service.ID, Service.Name, Node.ID, Node.Hostname, Task.ID, Task.Name, Task.Slot"),
    });

    [GeneratedRegex(@"\{\{\s*\.([A-Za-z.]+)\s*\}\}")]
    private static partial Regex Placeholder();
}
