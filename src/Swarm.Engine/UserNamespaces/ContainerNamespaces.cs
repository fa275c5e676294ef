using Swarm.Engine.Containers;
using Swarm.Linux;

namespace Swarm.Engine.UserNamespaces;

/// <summary>
/// The user namespace of each running container, kept by a file: it is there before the container, so that the container's network belongs to it, and
/// with that the right to change it.
/// </summary>
/// <param name="folder">On volatile storage.</param>
internal sealed class ContainerNamespaces(string folder, IdMap ids)
{
    /// <summary>Whether a container has one of its own, or another container's.</summary>
    public bool IsRemapped(ContainerRecord record) => !ids.IsNone && record.HostConfig.UsernsMode != "host";

    /// <summary>What the container's processes are to join; empty: the host's.</summary>
    /// <exception cref="EngineException">400: it shares a namespace with a container that is root on the host.</exception>
    public string Make(ContainerRecord record, SharedNamespaces shared)
    {
        if (!IsRemapped(record))
        {
            return "";
        }

        // Who shares a network, processes or memory has rights there by the user namespace that these belong to.
        var donors = new[] { shared.Network, shared.Pid, shared.Ipc }.OfType<Container>().DistinctBy(donor => donor.Id).ToList();
        if (donors.Find(donor => !IsRemapped(donor.Record)) is { } host)
        {
            throw EngineException.BadRequest($"cannot share namespaces with container {host.Id}, which has the host's user namespace: use --userns=host");
        }

        if (donors.Count > 0)
        {
            return $"/proc/{donors[0].State.Pid}/ns/user";
        }

        var path = PathOf(record.Id);
        Remove(record.Id);
        UserNamespace.Create(path, ids.UidText, ids.GidText);
        return path;
    }

    /// <summary>Safe to repeat.</summary>
    public void Remove(string id) => UserNamespace.Delete(PathOf(id));

    private string PathOf(string id) => Path.Combine(folder, id);
}
