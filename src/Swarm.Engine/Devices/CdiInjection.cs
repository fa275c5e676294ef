using System.Collections.Immutable;
using Swarm.Engine.Runtime;
using Swarm.Linux;

namespace Swarm.Engine.Devices;

/// <summary>Makes a device's edits in a container's configuration (SPEC.md, "OCI Edits").</summary>
internal static class CdiInjection
{
    private const string Everything = "rwm";
    private const int DefaultMode = 0x1B6;

    /// <exception cref="EngineException">500: a node that is not on this machine.</exception>
    public static OciSpec Apply(OciSpec spec, CdiEdits edits)
    {
        var (process, linux) = (spec.Process, spec.Linux);
        foreach (var device in edits.DeviceNodes.Select(node => Device(node, process.User)))
        {
            linux = linux with
            {
                Devices = [.. (linux.Devices ?? []).Where(d => d.Path != device.Node.Path), device.Node],
                Resources = device.Node.Type is "b" or "c"
                    ? linux.Resources with { Devices = [.. linux.Resources.Devices ?? [], new(true, device.Node.Type, device.Node.Major, device.Node.Minor, device.Access)] }
                    : linux.Resources,
            };
        }

        return spec with
        {
            Process = process with
            {
                Env = SpecWriter.Overlay(process.Env, edits.Environment),
                User = process.User with { AdditionalGids = [.. process.User.AdditionalGids.Union(edits.AdditionalGroups.Where(group => group != 0))] },
            },
            Mounts = Mounts(spec.Mounts, edits.Mounts),
            Hooks = edits.Hooks.IsEmpty ? spec.Hooks : Hooks(spec.Hooks ?? new OciHooks(), edits.Hooks),
            Linux = linux,
        };
    }

    /// <summary>A node belongs to the container's user unless the file says whose it is.</summary>
    private static (OciDevice Node, string Access) Device(CdiDeviceNode node, OciUser user)
    {
        var hostPath = node.HostPath.Length > 0 ? node.HostPath : node.Path;
        var (type, major, minor, mode) = (node.Type, node.Major, node.Minor, node.FileMode);
        if (type.Length == 0 || (major == 0 && type != "p"))
        {
            var found = DeviceNode.Of(hostPath) ?? throw Failed($"failed to stat CDI host device \"{hostPath}\": {(Path.Exists(hostPath) ? "not a device node" : "no such file or directory")}");
            var foundType = found.IsBlock ? "b" : "c";
            type = type is "" or "u" ? foundType : type;
            if (type != foundType)
            {
                throw Failed($"CDI device (\"{node.Path}\", \"{hostPath}\"), host type mismatch ({type}, {foundType})");
            }

            (major, minor, mode) = (found.Major, found.Minor, mode ?? found.Mode);
        }

        return (new OciDevice(node.Path, type, major, minor, mode ?? DefaultMode, node.Uid ?? user.Uid, node.Gid ?? user.Gid), node.Permissions.Length > 0 ? node.Permissions : Everything);
    }

    /// <summary>In the place of another mount at the same path; parents before children.</summary>
    private static IReadOnlyList<OciMount> Mounts(IReadOnlyList<OciMount> present, ImmutableArray<CdiMount> added) => added.IsEmpty ? present :
    [
        .. present.Where(mount => !added.Any(other => other.ContainerPath == mount.Destination)),
        .. added.Select(ToOci).OrderBy(mount => mount.Destination.Count(c => c == '/')),
    ];

    private static OciMount ToOci(CdiMount mount)
    {
        var type = mount.Type.Length > 0 ? mount.Type : "bind";
        return new(mount.ContainerPath, type, mount.HostPath, type == "bind" && !mount.Options.Contains("bind") && !mount.Options.Contains("rbind") ? ["rbind", .. mount.Options] : mount.Options);
    }

    private static OciHooks Hooks(OciHooks hooks, ImmutableArray<CdiHook> added)
    {
        foreach (var hook in added)
        {
            var oci = new OciHook(hook.Path, hook.Arguments.IsEmpty ? null : hook.Arguments, hook.Environment.IsEmpty ? null : hook.Environment, hook.Timeout);
            hooks = hook.Name switch
            {
                "prestart" => hooks with { Prestart = [.. hooks.Prestart ?? [], oci] },
                "createRuntime" => hooks with { CreateRuntime = [.. hooks.CreateRuntime ?? [], oci] },
                "createContainer" => hooks with { CreateContainer = [.. hooks.CreateContainer ?? [], oci] },
                "startContainer" => hooks with { StartContainer = [.. hooks.StartContainer ?? [], oci] },
                "poststart" => hooks with { Poststart = [.. hooks.Poststart ?? [], oci] },
                _ => hooks with { Poststop = [.. hooks.Poststop ?? [], oci] },
            };
        }

        return hooks;
    }

    private static EngineException Failed(string why) => new(500, $"CDI device injection failed: {why}");
}
