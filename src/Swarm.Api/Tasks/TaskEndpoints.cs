using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Api.Membership;
using Swarm.Api.Wire;
using Swarm.Engine;
using Swarm.Manager.Control;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Api.Tasks;

/// <summary>/tasks.</summary>
public static class TaskEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, ManagerAccess access)
    {
        routes.MapGet("/tasks", context => ListAsync(context, access));
        routes.MapGet("/tasks/{id}", context => InspectAsync(context, access));
    }

    private static async Task ListAsync(HttpContext context, ManagerAccess access)
    {
        var filters = Filters.Read(context, "id", "label", "name", "node", "service", "desired-state", "runtime", "_up-to-date");
        var states = filters["desired-state"].Where(one => one.Length > 0).Select(State).ToHashSet();
        var view = await access.ReadAsync(context.RequestAborted).ConfigureAwait(false);
        var services = filters["service"].Select(one => view.Service(one).Id).ToHashSet(StringComparer.Ordinal);
        var nodes = filters["node"].Select(one => view.Node(one).Id).ToHashSet(StringComparer.Ordinal);
        var fresh = filters.Has("_up-to-date") ? new Dictionary<string, TaskFreshness?>(StringComparer.Ordinal) : null;
        // The place of a plain container on a network is a task to the managers alone.
        var tasks = Candidates(view, services, nodes).Where(one =>
                one.Spec.Attached is null
                && filters.Exact("runtime", "container")
                && filters.Prefix("id", one.Id)
                && filters.Prefix("name", one.Name)
                && filters.Labels("label", one.ServiceLabels)
                && (services.Count == 0 || services.Contains(one.ServiceId))
                && (nodes.Count == 0 || nodes.Contains(one.NodeId))
                && (states.Count == 0 || states.Contains(TaskMapping.Desired(one)))
                && (fresh is null || IsUpToDate(view, one, fresh)))
            .Select(one => TaskMapping.Write(view, one));
        await context.WriteJsonAsync<IReadOnlyList<TaskInspect>>([.. tasks], SwarmJson.Default.IReadOnlyListTaskInspect).ConfigureAwait(false);
    }

    private static async Task InspectAsync(HttpContext context, ManagerAccess access)
    {
        var view = await access.ReadAsync(context.RequestAborted).ConfigureAwait(false);
        await context.WriteJsonAsync(TaskMapping.Write(view, view.Task(context.RouteString("id"))), SwarmJson.Default.TaskInspect).ConfigureAwait(false);
    }

    /// <summary>By index where a filter allows: a cluster may have a million tasks.</summary>
    private static IEnumerable<SwarmTask> Candidates(StoreView view, HashSet<string> services, HashSet<string> nodes) =>
        services.Count > 0 ? services.SelectMany(view.TasksOfService)
        : nodes.Count > 0 ? nodes.SelectMany(view.TasksOnNode)
        : view.Tasks;

    private static bool IsUpToDate(StoreView view, SwarmTask task, Dictionary<string, TaskFreshness?> fresh)
    {
        if (!fresh.TryGetValue(task.ServiceId, out var of))
        {
            of = view.Services.Find(task.ServiceId) is { } service ? new TaskFreshness(service) : null;
            fresh[task.ServiceId] = of;
        }

        return of?.IsUpToDate(task) == true;
    }

    private static string State(string text)
    {
        var state = text.ToLowerInvariant();
        return Enum.GetValues<TaskState>().Any(one => TaskMapping.State(one) == state)
            ? state
            : throw EngineException.BadRequest($"Invalid desired-state filter: '{text}'");
    }
}
