namespace Swarm.Engine.Containers;

/// <summary>The other containers whose namespaces one joins: `--network`, `--pid` and `--ipc container:NAME`.</summary>
internal sealed record SharedNamespaces(Container? Network, Container? Pid, Container? Ipc)
{
    private const string Prefix = "container:";

    /// <summary>The network of <see cref="Network"/>; null: it is the host's.</summary>
    public NetworkSandbox? Sandbox => Network?.Network is { NamespacePath.Length: > 0 }
        ? new NetworkSandbox($"/proc/{Network.State.Pid}/ns/net", [], [])
        : null;

    /// <summary>The container that a mode names; null: it names none.</summary>
    public static string? ContainerOf(string? mode) => mode?.StartsWith(Prefix, StringComparison.Ordinal) == true ? mode[Prefix.Length..] : null;

    /// <param name="find">404 for one that is not there.</param>
    /// <exception cref="EngineException">400, 404, 409 or 500 (Docker's): the other container cannot be joined now.</exception>
    public static SharedNamespaces Resolve(ContainerRecord record, Func<string, Container> find)
    {
        var host = record.HostConfig;
        var network = ContainerOf(host.NetworkMode) is { } networkOwner ? find(networkOwner) : null;
        if (network is not null)
        {
            if (network.Id == record.Id)
            {
                throw EngineException.BadRequest("cannot join own network");
            }

            RequireRunning(network, $"cannot join network of a non running container: {network.Id}");
        }

        var ipc = Joined(host.IpcMode, "IPC", find);
        return ipc is null or { Record.HostConfig.IpcMode: "shareable" or "host" }
            ? new SharedNamespaces(network, Joined(host.PidMode, "PID", find), ipc)
            : throw EngineException.BadRequest("failed to join IPC namespace: non-shareable IPC (hint: use IpcMode:shareable for the donor container)");
    }

    private static Container? Joined(string? mode, string kind, Func<string, Container> find)
    {
        if (ContainerOf(mode) is not { } name)
        {
            return null;
        }

        try
        {
            var owner = find(name);
            RequireRunning(owner, $"container {owner.Id} is not running");
            return owner;
        }
        catch (EngineException e)
        {
            throw new EngineException(500, $"failed to join {kind} namespace: {e.Message}", e);
        }
    }

    private static void RequireRunning(Container container, string otherwise)
    {
        if (container.State.Status == ContainerStatus.Restarting)
        {
            throw EngineException.Conflict($"container {container.Id} is restarting, wait until the container is running");
        }

        if (!container.State.IsRunning)
        {
            throw EngineException.Conflict(otherwise);
        }
    }
}
