using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Engine.Events;

namespace Swarm.Api.Daemon;

/// <summary>/metrics in Prometheus' text format 0.0.4, under dockerd's names.</summary>
public static class MetricsEndpoint
{
    private const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static void Map(IEndpointRouteBuilder routes, DaemonFacts facts, ISystemInfo system, EventBus events) =>
        routes.MapGet("/metrics", context =>
        {
            context.Response.ContentType = ContentType;
            return context.Response.WriteAsync(Text(facts, system, events), context.RequestAborted);
        });

    internal static string Text(DaemonFacts facts, ISystemInfo system, EventBus events)
    {
        var text = new StringBuilder();
        var containers = system.Containers;
        Family("engine_daemon_engine_info", "gauge", "The information related to the engine and the OS it is running on");
        Labelled(
            "engine_daemon_engine_info",
            [
                ("architecture", facts.Host.Machine), ("commit", facts.GitCommit), ("daemon_id", facts.EngineId), ("graphdriver", facts.StorageDriver), ("kernel", facts.Host.KernelVersion),
                ("os", facts.Host.OperatingSystem), ("os_type", "linux"), ("os_version", facts.Host.OsVersion), ("version", facts.EngineVersion),
            ],
            1);
        Single("engine_daemon_engine_cpus_cpus", "gauge", "The number of cpus that the host system of the engine has", facts.Host.Cpus);
        Single("engine_daemon_engine_memory_bytes", "gauge", "The number of bytes of memory that the host system of the engine has", facts.Host.MemoryBytes);
        Family("engine_daemon_container_states_containers", "gauge", "The count of containers in various states");
        Labelled("engine_daemon_container_states_containers", [("state", "paused")], containers.Paused);
        Labelled("engine_daemon_container_states_containers", [("state", "running")], containers.Running);
        Labelled("engine_daemon_container_states_containers", [("state", "stopped")], containers.Stopped);
        Single("engine_daemon_events_total", "counter", "The number of events logged", events.Published);
        Single("engine_daemon_events_subscribers_total", "gauge", "The number of current subscribers to events", events.Listeners);
        return text.ToString();

        void Family(string name, string type, string help) => text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

        void Single(string name, string type, string help, long value)
        {
            Family(name, type, help);
            text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
        }

        void Labelled(string name, ReadOnlySpan<(string Name, string Value)> labels, long value)
        {
            text.Append(name);
            var separator = '{';
            foreach (var label in labels)
            {
                text.Append(CultureInfo.InvariantCulture, $"{separator}{label.Name}=\"{Escaped(label.Value)}\"");
                separator = ',';
            }

            text.Append(CultureInfo.InvariantCulture, $"}} {value}\n");
        }
    }

    private static string Escaped(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
