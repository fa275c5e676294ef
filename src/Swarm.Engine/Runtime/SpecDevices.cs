using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using Swarm.Engine.Containers.Wire;
using Swarm.Linux;

namespace Swarm.Engine.Runtime;

/// <summary>The device nodes that a container gets beside the usual ones, and the rules of which may be opened.</summary>
internal static partial class SpecDevices
{
    private const string Everything = "rwm";

    /// <summary>Of the host's /dev: what each container has of its own, or what is no device.</summary>
    private static readonly HashSet<string> OfTheContainer = ["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev", "console", "ptmx"];

    /// <exception cref="EngineException">500: a device that was asked for is not there.</exception>
    public static IReadOnlyList<OciDevice> Of(HostConfig host)
    {
        if (host.Privileged)
        {
            return [.. Below("/dev", "/dev").DistinctBy(d => d.Path)];
        }

        List<OciDevice> devices = [];
        foreach (var mapping in host.Devices ?? [])
        {
            var target = mapping.PathInContainer.Length > 0 ? mapping.PathInContainer : mapping.PathOnHost;
            var found = DeviceNode.Of(mapping.PathOnHost) is { } node ? [ToOci(node, target)] : Directory.Exists(mapping.PathOnHost) ? Below(mapping.PathOnHost, target).ToList() : [];
            devices.AddRange(found.Count > 0
                ? found
                : throw new EngineException(500, $"error gathering device information while adding custom device \"{mapping.PathOnHost}\": {(Path.Exists(mapping.PathOnHost) ? "not a device node" : "no such file or directory")}"));
        }

        return devices;
    }

    public static IReadOnlyList<OciDeviceRule> Rules(HostConfig host, IReadOnlyList<OciDevice> devices)
    {
        if (host.Privileged)
        {
            return [new(true, null, null, null, Everything)];
        }

        List<OciDeviceRule> rules = [.. Default];
        foreach (var mapping in host.Devices ?? [])
        {
            var target = mapping.PathInContainer.Length > 0 ? mapping.PathInContainer : mapping.PathOnHost;
            var access = mapping.CgroupPermissions.Length > 0 ? mapping.CgroupPermissions : Everything;
            rules.AddRange(devices
                .Where(d => d.Path == target || d.Path.StartsWith(target + "/", StringComparison.Ordinal))
                .Select(d => new OciDeviceRule(true, d.Type, d.Major, d.Minor, access)));
        }

        rules.AddRange((host.DeviceCgroupRules ?? []).Select(Parse));
        return rules;
    }

    /// <exception cref="EngineException">400: not a rule.</exception>
    public static OciDeviceRule Parse(string rule)
    {
        var match = RulePattern().Match(rule);
        return match.Success
            ? new OciDeviceRule(true, match.Groups[1].Value, Number(match.Groups[2].Value), Number(match.Groups[3].Value), match.Groups[4].Value)
            : throw EngineException.BadRequest($"invalid device cgroup rule format: '{rule}'");
    }

    private static long? Number(string text) => text == "*" ? null : long.Parse(text, CultureInfo.InvariantCulture);

    private static IEnumerable<OciDevice> Below(string folder, string target)
    {
        foreach (var path in Directory.EnumerateFileSystemEntries(folder))
        {
            var name = Path.GetFileName(path);
            if (folder == "/dev" && OfTheContainer.Contains(name))
            {
                continue;
            }

            if (DeviceNode.Of(path) is { } node)
            {
                yield return ToOci(node, target + "/" + name);
            }
            else if (new DirectoryInfo(path) is { Exists: true, LinkTarget: null })
            {
                foreach (var inner in Below(path, target + "/" + name))
                {
                    yield return inner;
                }
            }
        }
    }

    private static OciDevice ToOci(DeviceNode node, string path) => new(path, node.IsBlock ? "b" : "c", node.Major, node.Minor, node.Mode, node.Uid, node.Gid);

    /// <summary>Everything may be made (mknod), but only these opened: null, zero, full, random, urandom, tty, console, ptmx, pts/*.</summary>
    private static readonly ImmutableArray<OciDeviceRule> Default =
    [
        new(false, null, null, null, Everything),
        new(true, "c", null, null, "m"),
        new(true, "b", null, null, "m"),
        new(true, "c", 1, 3, Everything),
        new(true, "c", 1, 5, Everything),
        new(true, "c", 1, 7, Everything),
        new(true, "c", 1, 8, Everything),
        new(true, "c", 1, 9, Everything),
        new(true, "c", 5, 0, Everything),
        new(true, "c", 5, 1, Everything),
        new(true, "c", 5, 2, Everything),
        new(true, "c", 136, null, Everything),
    ];

    [GeneratedRegex(@"^([acb]) ([0-9]{1,9}|\*):([0-9]{1,9}|\*) ([rwm]{1,3})$")]
    private static partial Regex RulePattern();
}
