using Swarm.Api.Client;
using Swarm.Commands.Text;
using WireTask = Swarm.Api.Wire.TaskInspect;

namespace Swarm.Commands.Services;

/// <summary>Tasks as `docker service ps` prints them: by slot, the newest of a slot first, the older ones hanging below it.</summary>
internal static class TaskTable
{
    private const int ErrorWidth = 30;

    public static async Task WriteAsync(Cli cli, EngineClient client, IReadOnlyList<WireTask> tasks, bool noTrunc, CancellationToken cancellation)
    {
        var nodes = (await client.NodesAsync(cancellation)).ToDictionary(n => n.ID, n => n.Description?.Hostname ?? n.ID);
        var services = (await client.ServicesAsync(cancellation)).ToDictionary(s => s.ID, s => s.Spec?.Name ?? s.ID);
        var now = cli.Time.GetUtcNow().UtcDateTime;
        var table = new TextTable("ID", "NAME", "IMAGE", "NODE", "DESIRED STATE", "CURRENT STATE", "ERROR", "PORTS");
        var previous = "";
        foreach (var task in tasks.OrderBy(t => Name(t, services), StringComparer.Ordinal).ThenBy(t => t.Slot).ThenByDescending(t => t.CreatedAt))
        {
            var name = Name(task, services);
            var error = task.Status?.Err is { Length: > 0 } text ? $"\"{(noTrunc ? text : Cli.Truncate(text, ErrorWidth))}\"" : "";
            table.Add(
                noTrunc ? task.ID : Cli.ShortId(task.ID),
                name == previous ? @" \_ " + name : name,
                task.Spec?.ContainerSpec?.Image ?? "",
                nodes.GetValueOrDefault(task.NodeID ?? "", task.NodeID ?? ""),
                Capitalized(task.DesiredState),
                $"{Capitalized(task.Status?.State)} {HumanDuration.Words(now - (task.Status?.Timestamp ?? now)).ToLowerInvariant()} ago",
                error,
                string.Join(",", (task.Status?.PortStatus?.Ports ?? []).Select(p => $"*:{p.PublishedPort}->{p.TargetPort}/{p.Protocol}")));
            previous = name;
        }

        table.Write(cli.Out);
    }

    private static string Name(WireTask task, Dictionary<string, string> services)
    {
        var service = services.GetValueOrDefault(task.ServiceID ?? "", task.ServiceID ?? "");
        return task.Slot is > 0 and var slot ? $"{service}.{slot}" : $"{service}.{task.NodeID}";
    }

    private static string Capitalized(string? word) => string.IsNullOrEmpty(word) ? "" : char.ToUpperInvariant(word[0]) + word[1..];
}
