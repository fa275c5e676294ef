using System.Globalization;
using System.Text.RegularExpressions;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Containers;

namespace Swarm.Api.Containers;

/// <summary>The filters of GET /containers/json.</summary>
internal static class ContainerFilter
{
    private static readonly string[] States = ["created", "restarting", "running", "removing", "paused", "exited", "dead"];

    /// <exception cref="EngineException">400: a bad value; 404: before or since a container that is not there; 501: not built.</exception>
    public static Func<Container, bool> Of(Filters filters, ContainerEngine engine)
    {
        foreach (var status in filters["status"].Where(s => !States.Contains(s)))
        {
            throw EngineException.BadRequest($"invalid filter 'status={status}'");
        }

        foreach (var health in filters["health"].Where(h => h is not ("starting" or "healthy" or "unhealthy" or "none")))
        {
            throw EngineException.BadRequest($"invalid filter 'health={health}'");
        }

        var ancestors = filters["ancestor"].Select(a => engine.FindImage(a)?.Id).OfType<string>().ToList();
        var published = PortFilter.Of(filters, "publish");
        var exposed = PortFilter.Of(filters, "expose");
        var exited = filters["exited"].Select(code => int.TryParse(code, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw EngineException.BadRequest($"invalid filter 'exited={code}'")).ToHashSet();
        var before = filters["before"].Select(name => engine.Get(name).Record.Created).ToList();
        var since = filters["since"].Select(name => engine.Get(name).Record.Created).ToList();
        var names = filters["name"].Select(ToPattern).ToList();
        var isTask = filters.Bool("is-task");
        return container =>
        {
            var (record, state) = (container.Record, container.State);
            var status = state.Status.ToString().ToLowerInvariant();
            return filters.Prefix("id", record.Id)
                && (names.Count == 0 || names.Exists(n => n.IsMatch(record.Name) || n.IsMatch("/" + record.Name)))
                && filters.Labels("label", record.Config.Labels ?? [])
                && filters.Exact("status", status)
                && filters.Exact("health", container.Health?.Status ?? "none")
                && (published is null || (container.Network?.Ports.Any(p => published.Contains((p.ContainerPort, p.Protocol))) ?? false))
                && (exposed is null || (record.Config.ExposedPorts?.Keys.Any(k => exposed.Contains(Engine.Containers.PortRequests.Parse(k))) ?? false))
                && (exited.Count == 0 || (exited.Contains(state.ExitCode) && !state.IsRunning && state.FinishedAt is not null))
                && (!filters.Has("ancestor") || filters["ancestor"].Any(a => IsAncestor(a, record)) || ancestors.Exists(a => engine.IsBuiltUpon(record.ImageId, a)))
                && (!filters.Has("volume") || record.Mounts.Any(m => filters["volume"].Contains(m.Name) || filters["volume"].Contains(m.Destination)))
                && (!filters.Has("network") || filters["network"].Contains(record.HostConfig.NetworkMode ?? "")
                    || (record.NetworkingConfig?.EndpointsConfig?.Any(e => filters["network"].Any(wanted => wanted == e.Key || IsId(wanted, e.Value?.NetworkID))) ?? false))
                && before.TrueForAll(b => record.Created < b)
                && since.TrueForAll(s => record.Created > s)
                && (isTask is null || record.Config.Labels?.ContainsKey("com.docker.swarm.task.id") == isTask);
        };
    }

    private static bool IsId(string wanted, string? id) => wanted.Length > 0 && id?.StartsWith(wanted, StringComparison.Ordinal) == true;

    private static bool IsAncestor(string wanted, ContainerRecord record) =>
        record.Config.Image == wanted || record.Config.Image == wanted + ":latest" || record.Config.Image + ":latest" == wanted
        || record.ImageId == wanted || record.ImageId.StartsWith("sha256:" + wanted, StringComparison.Ordinal);

    private static Regex ToPattern(string text)
    {
        try
        {
            return new Regex(text, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        }
        catch (ArgumentException e)
        {
            throw new EngineException(400, $"invalid filter 'name={text}'", e);
        }
    }
}
