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
        foreach (var name in ContainerNetworks.Of(container.Record).Keys)
        {
            var endpoint = container.Network?.Endpoints.FirstOrDefault(e => e.NetworkName == name);
            PublishConnection(container, begins, name, endpoint?.NetworkId);
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

    private void PublishConnection(Container container, bool begins, string network, string? networkId)
    {
        var found = _network.Find(networkId ?? network);
        Events.Publish("network", begins ? "connect" : "disconnect", found?.Id ?? networkId ?? "", new Dictionary<string, string>
        {
            ["container"] = container.Id,
            ["name"] = network,
            ["type"] = found?.Driver ?? "bridge",
        });
    }
}
