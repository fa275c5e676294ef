namespace Swarm.Engine.Runtime;

/// <summary>Which namespaces a container has of its own, shares with another container, or shares with the host.</summary>
internal static class SpecNamespaces
{
    private const string Host = "host", Private = "private";

    public static IReadOnlyList<OciNamespace> Of(SpecInput input, CgroupLayout cgroups)
    {
        var host = input.Container.HostConfig;
        List<OciNamespace> namespaces = [new("mount")];
        if (input.UserNamespace.Length > 0)
        {
            namespaces.Add(new("user", input.UserNamespace));
        }

        if (host.PidMode != Host)
        {
            namespaces.Add(Own("pid", input.PidNamespace));
        }

        if (host.IpcMode != Host)
        {
            namespaces.Add(Own("ipc", input.IpcNamespace));
        }

        if (host.UTSMode != Host)
        {
            namespaces.Add(new("uts"));
        }

        if (input.NetworkNamespace.Length > 0)
        {
            namespaces.Add(new("network", input.NetworkNamespace));
        }

        // As Docker's default: of its own on version 2, where it is cheap and hides the host's tree; the host's on version 1.
        if (host.CgroupnsMode == Private || (cgroups.Mode == CgroupMode.V2 && host.CgroupnsMode != Host))
        {
            namespaces.Add(new("cgroup"));
        }

        return namespaces;
    }

    private static OciNamespace Own(string type, string path) => new(type, path.Length > 0 ? path : null);
}
