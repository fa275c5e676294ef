using Swarm.Model;

namespace Swarm.Manager.Control;

/// <summary>What Docker has and this version has not: refused when asked for, never accepted and left undone.</summary>
internal static class NotBuilt
{
    internal static void Check(ServiceSpec spec)
    {
        var what = spec switch
        {
            _ when spec.Task.Container.Mounts.Any(mount => mount.Type is MountType.NamedPipe or MountType.Cluster or MountType.Image) =>
                "mounts of type npipe, cluster and image are not built in this version: use bind, volume or tmpfs",
            _ => null,
        };
        if (what is not null)
        {
            throw ControlException.NotBuilt($"service {spec.Annotations.Name}: {what}");
        }
    }
}
