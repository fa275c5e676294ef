using System.Globalization;
using Swarm.Engine.Events;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Daemon;

/// <summary>
/// Tells the engine's listeners on a manager what happens in the cluster, as Docker does: services, nodes, networks, secrets and configs that are made, changed
/// and removed; and (ours) tasks, whenever their state or what is wanted of them changes. What happened while this manager was behind is left out.
/// </summary>
internal sealed class ClusterEvents(IObjectStore store, EventBus events)
{
    private const string Scope = "swarm";

    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            using var watch = store.Watch();
            try
            {
                while (await watch.Commits.WaitToReadAsync(cancellation))
                {
                    while (watch.Commits.TryRead(out var commit))
                    {
                        foreach (var change in commit.Changes)
                        {
                            Tell(change);
                        }
                    }
                }
            }
            catch (WatchLaggedException)
            {
                // Nobody can be told what was missed.
            }
        }
    }

    private void Tell(StoreChange change)
    {
        var action = change.New is null ? "remove" : change.Old is null ? "create" : "update";
        switch (change.Object)
        {
            case Service service:
                Tell("service", service, action, service.Spec.Annotations.Name, ServiceNews(change.Old as Service, change.New as Service));
                break;
            case Node node:
                Tell("node", node, action, node.Description.Hostname, NodeNews(change.Old as Node, change.New as Node));
                break;
            case Secret secret:
                Tell("secret", secret, action, secret.Annotations.Name, []);
                break;
            case Config config:
                Tell("config", config, action, config.Annotations.Name, []);
                break;
            case Network network when change.Kind != ChangeKind.Update:
                Tell("network", network, action, network.Annotations.Name, [("type", network.DriverName)]);
                break;
            case SwarmTask { Spec.Attached: null } task:
                Tell("task", task, action, task.Name, TaskNews(task, change.Old as SwarmTask, change.New as SwarmTask));
                break;
        }
    }

    private void Tell(string type, IStoreObject record, string action, string name, IEnumerable<(string Key, string Value)> news)
    {
        var attributes = new Dictionary<string, string> { ["name"] = name };
        foreach (var (key, value) in news)
        {
            attributes[key] = value;
        }

        events.Publish(type, action, record.Id, attributes, Scope);
    }

    private static IEnumerable<(string Key, string Value)> ServiceNews(Service? old, Service? now) => old is null || now is null ? [] :
    [
        .. Changed("image", old.Spec.Task.Container.Image, now.Spec.Task.Container.Image),
        .. Changed("replicas", old.Spec.Replicas.ToString(CultureInfo.InvariantCulture), now.Spec.Replicas.ToString(CultureInfo.InvariantCulture)),
        .. Changed("updatestate", StateOf(old), StateOf(now)),
    ];

    private static IEnumerable<(string Key, string Value)> NodeNews(Node? old, Node? now) => old is null || now is null ? [] :
    [
        .. Changed("state", Lower(old.Status.State), Lower(now.Status.State)),
        .. Changed("availability", Lower(old.Spec.Availability), Lower(now.Spec.Availability)),
        .. Changed("role", Lower(old.Spec.Role), Lower(now.Spec.Role)),
    ];

    private static IEnumerable<(string Key, string Value)> TaskNews(SwarmTask task, SwarmTask? old, SwarmTask? now)
    {
        yield return ("serviceID", task.ServiceId);
        yield return ("serviceName", task.ServiceName);
        yield return ("nodeID", task.NodeId);
        yield return ("state", Lower(task.Status.State));
        if (task.Status.Error.Length > 0)
        {
            yield return ("error", task.Status.Error);
        }

        if (old is not null && now is not null)
        {
            foreach (var change in Changed("state", Lower(old.Status.State), Lower(now.Status.State)).Concat(Changed("desiredstate", Lower(old.DesiredState), Lower(now.DesiredState))))
            {
                yield return change;
            }
        }
    }

    private static IEnumerable<(string Key, string Value)> Changed(string what, string old, string now) =>
        old == now ? [] : [(what + ".old", old), (what + ".new", now)];

    private static string StateOf(Service service) => service.UpdateStatus?.State switch
    {
        UpdateState.Updating => "updating",
        UpdateState.Paused => "paused",
        UpdateState.Completed => "completed",
        UpdateState.RollbackStarted => "rollback_started",
        UpdateState.RollbackPaused => "rollback_paused",
        UpdateState.RollbackCompleted => "rollback_completed",
        _ => "",
    };

    private static string Lower<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}
