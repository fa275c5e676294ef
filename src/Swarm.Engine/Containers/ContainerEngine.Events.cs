using System.Collections.Immutable;

namespace Swarm.Engine.Containers;

public sealed partial class ContainerEngine
{
    /// <summary>Tells of something that was done to a container, with its labels, name and image.</summary>
    public void Publish(Container container, string action, params ReadOnlySpan<(string Name, string Value)> more)
    {
        var attributes = new Dictionary<string, string>(container.Record.Config.Labels ?? []) { ["image"] = container.Record.Config.Image ?? "", ["name"] = container.Record.Name };
        foreach (var (name, value) in more)
        {
            attributes[name] = value;
        }

        Events.Publish("container", action, container.Id, attributes.ToImmutableDictionary());
    }

    /// <summary>What a run's begin and end mean to the networks and volumes that it has.</summary>
    private void PublishConnections(Container container, bool begins)
    {
        foreach (var endpoint in container.Network?.Endpoints ?? [])
        {
            Events.Publish("network", begins ? "connect" : "disconnect", endpoint.NetworkId, new Dictionary<string, string>
            {
                ["container"] = container.Id,
                ["name"] = endpoint.NetworkName,
                ["type"] = "bridge",
            });
        }

        foreach (var mount in container.Record.Mounts.Where(m => m.Kind == MountKind.Volume))
        {
            Events.Publish("volume", begins ? "mount" : "unmount", mount.Name, begins
                ? new Dictionary<string, string>
                {
                    ["container"] = container.Id,
                    ["destination"] = mount.Destination,
                    ["driver"] = "local",
                    ["propagation"] = mount.Propagation,
                    ["read/write"] = mount.ReadOnly ? "false" : "true",
                }
                : new Dictionary<string, string> { ["container"] = container.Id, ["driver"] = "local" });
        }
    }
}
