using System.Globalization;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Volumes;

namespace Swarm.Engine.Containers;

/// <summary>What a request's Binds, Mounts, Tmpfs and Volumes mean. Nothing is made yet: volumes that are missing are named in the answer.</summary>
internal static class MountResolution
{
    /// <summary>mount(8), tmpfs(5).</summary>
    private static readonly HashSet<string> TmpfsFlags =
    [
        "defaults", "ro", "rw", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async", "dirsync", "remount", "mand", "nomand",
        "atime", "noatime", "diratime", "nodiratime", "bind", "rbind", "unbindable", "runbindable", "private", "rprivate", "shared", "rshared",
        "slave", "rslave", "relatime", "norelatime", "strictatime", "nostrictatime",
    ];

    private static readonly string[] TmpfsSettings = ["size=", "mode=", "uid=", "gid=", "nr_inodes=", "nr_blocks=", "mpol="];
    private static readonly HashSet<string> Propagations = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];

    /// <param name="Create">The volume to find or make; null for other kinds.</param>
    public sealed record Resolved(MountPoint Mount, VolumeCreateRequest? Create, bool CopyUp);

    /// <exception cref="EngineException">400 with Docker's words; 501 for kinds that are not built.</exception>
    /// <param name="dataRoot">The engine's own folder, whose mounts a container must not keep.</param>
    /// <param name="find">Finds another container, whose mounts are wanted too; it refuses what is not there.</param>
    public static IReadOnlyList<Resolved> Of(ContainerConfig config, HostConfig host, string dataRoot, Func<string, Container>? find = null)
    {
        List<Resolved> all =
        [
            .. (host.Binds ?? []).Select(bind => MadeBy(host.VolumeDriver, FromBind(bind, dataRoot))), .. (host.Mounts ?? []).Select(mount => FromMount(mount, dataRoot)),
            .. (host.Tmpfs ?? []).Select(FromTmpfs),
        ];
        var duplicate = all.GroupBy(r => r.Mount.Destination).FirstOrDefault(g => g.Count() > 1);
        if (duplicate is not null)
        {
            throw EngineException.BadRequest($"Duplicate mount point: {duplicate.Key}");
        }

        var taken = all.Select(r => r.Mount.Destination).ToHashSet();
        foreach (var (from, readOnly) in (host.VolumesFrom ?? []).Select(ParseFrom))
        {
            foreach (var mount in find!(from).Record.Mounts.Where(m => m.Kind != MountKind.Tmpfs && taken.Add(m.Destination)))
            {
                all.Add(new Resolved(mount with { ReadOnly = mount.ReadOnly || readOnly }, null, false));
            }
        }

        foreach (var destination in config.Volumes?.Keys.Select(d => Clean(d, d)).Where(d => !taken.Contains(d)) ?? [])
        {
            all.Add(MadeBy(host.VolumeDriver, Volume("", destination, readOnly: false, mode: "", noCopy: false)));
        }

        return all;
    }

    /// <summary>CONTAINER[:MODE]</summary>
    private static (string Container, bool ReadOnly) ParseFrom(string text)
    {
        var parts = text.Split(':', 2);
        if (parts[0].Length == 0)
        {
            throw EngineException.BadRequest($"malformed volumes-from specification: {text}");
        }

        var mode = parts.Length == 2 ? parts[1] : "";
        var unknown = mode.Split(',', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(o => o is not ("ro" or "rw" or "z" or "Z" or "nocopy"));
        return unknown is null ? (parts[0], mode.Split(',').Contains("ro")) : throw EngineException.BadRequest($"invalid mode: {unknown}");
    }

    private static Resolved FromBind(string bind, string dataRoot)
    {
        var parts = bind.Split(':');
        if (parts.Length is < 2 or > 3 || parts[0].Length == 0)
        {
            throw EngineException.BadRequest($"invalid volume specification: '{bind}'");
        }

        var mode = parts.Length == 3 ? parts[2] : "";
        var options = mode.Split(',', StringSplitOptions.RemoveEmptyEntries);
        var unknown = options.FirstOrDefault(o => o is not ("ro" or "rw" or "z" or "Z" or "nocopy" or "cached" or "delegated" or "consistent") && !Propagations.Contains(o));
        if (unknown is not null)
        {
            throw EngineException.BadRequest($"invalid mode: {unknown}");
        }

        var destination = Clean(parts[1], bind);
        var readOnly = options.Contains("ro");
        if (!parts[0].StartsWith('/'))
        {
            return Volume(parts[0], destination, readOnly, mode.Length > 0 ? mode : "z", options.Contains("nocopy"));
        }

        var source = Path.TrimEndingDirectorySeparator(parts[0]);
        if (!Path.Exists(source))
        {
            Directory.CreateDirectory(source);
        }

        return new Resolved(new MountPoint
        {
            Kind = MountKind.Bind,
            Source = source,
            Destination = destination,
            ReadOnly = readOnly,
            Mode = mode,
            Propagation = PropagationOf(options.FirstOrDefault(Propagations.Contains) ?? "", source, dataRoot),
        }, null, false);
    }

    private static Resolved FromMount(MountRequest mount, string dataRoot)
    {
        var destination = Clean(mount.Target ?? "", $"{mount.Type} mount");
        switch (mount.Type)
        {
            case "bind":
                return FromBindMount(mount, destination, dataRoot);
            case "volume":
                var subpath = mount.VolumeOptions?.Subpath ?? "";
                if (subpath.Length > 0 && (subpath.StartsWith('/') || subpath.Split('/').Contains("..")))
                {
                    throw EngineException.BadRequest("invalid mount config for type \"volume\": subpath must be a relative path within the volume");
                }

                var volume = Volume(mount.Source ?? "", destination, mount.ReadOnly, "z", mount.VolumeOptions?.NoCopy == true);
                return volume with
                {
                    Mount = volume.Mount with { Subpath = subpath },
                    CopyUp = volume.CopyUp && subpath.Length == 0,
                    Create = volume.Create! with
                    {
                        Labels = mount.VolumeOptions?.Labels,
                        Driver = mount.VolumeOptions?.DriverConfig?.Name,
                        DriverOpts = mount.VolumeOptions?.DriverConfig?.Options,
                    },
                };
            case "tmpfs":
                List<string> options = [];
                var tmpfs = mount.TmpfsOptions ?? new TmpfsOptions();
                options.Add("mode=" + Convert.ToString(tmpfs.Mode == 0 ? 0x3FF : tmpfs.Mode, 8));
                if (tmpfs.SizeBytes > 0)
                {
                    options.Add("size=" + tmpfs.SizeBytes.ToString(CultureInfo.InvariantCulture));
                }

                options.AddRange((tmpfs.Options ?? []).Select(pair => string.Join('=', pair)));
                options.Add(mount.ReadOnly ? "ro" : "rw");
                return new Resolved(new MountPoint { Kind = MountKind.Tmpfs, Destination = destination, ReadOnly = mount.ReadOnly, TmpfsOptions = options }, null, false);
            case "image" or "npipe" or "cluster":
                throw EngineException.NotImplemented($"mounts of type \"{mount.Type}\" are not built");
            default:
                throw EngineException.BadRequest($"mount type unknown: \"{mount.Type}\"");
        }
    }

    private static Resolved FromBindMount(MountRequest mount, string destination, string dataRoot)
    {
        var source = mount.Source ?? "";
        if (!source.StartsWith('/'))
        {
            throw EngineException.BadRequest($"invalid mount config for type \"bind\": invalid mount path: '{source}' mount path must be absolute");
        }

        if (!Path.Exists(source))
        {
            if (mount.BindOptions?.CreateMountpoint != true)
            {
                throw EngineException.BadRequest($"invalid mount config for type \"bind\": bind source path does not exist: {source}");
            }

            Directory.CreateDirectory(source);
        }

        CheckRecursion(mount.ReadOnly, mount.BindOptions ?? new BindOptions());
        var propagation = mount.BindOptions?.Propagation ?? "";
        if (propagation.Length > 0 && !Propagations.Contains(propagation))
        {
            throw EngineException.BadRequest($"invalid mount config for type \"bind\": invalid propagation mode: {propagation}");
        }

        return new Resolved(new MountPoint
        {
            Kind = MountKind.Bind,
            Source = source,
            Destination = destination,
            ReadOnly = mount.ReadOnly,
            NonRecursive = mount.BindOptions?.NonRecursive == true,
            ReadOnlyNonRecursive = mount.BindOptions?.ReadOnlyNonRecursive == true,
            Propagation = PropagationOf(propagation, source, dataRoot),
        }, null, false);
    }

    /// <summary>
    /// A private copy of the mounts below the data root would hold other containers' file systems for as long as this one lives: there unmounting must
    /// come through.
    /// </summary>
    /// <param name="asked">Empty: the default.</param>
    private static string PropagationOf(string asked, string source, string dataRoot)
    {
        if (!Contains(dataRoot, source) && !Contains(source, dataRoot))
        {
            return asked.Length > 0 ? asked : "rprivate";
        }

        return asked switch
        {
            "" => "rslave",
            "rslave" or "rshared" => asked,
            _ => throw EngineException.BadRequest(
                $"invalid mount config: must use either propagation mode \"rslave\" or \"rshared\" when mount source is within the daemon root, daemon root: \"{dataRoot}\", bind mount source: \"{source}\", propagation: \"{asked}\""),
        };
    }

    private static bool Contains(string folder, string path) =>
        (path.TrimEnd('/') + "/").StartsWith(folder.TrimEnd('/') + "/", StringComparison.Ordinal);

    private static void CheckRecursion(bool readOnly, BindOptions options)
    {
        var conflict = !readOnly && options.ReadOnlyNonRecursive ? "!ReadOnly && BindOptions.ReadOnlyNonRecursive"
            : !readOnly && options.ReadOnlyForceRecursive ? "!ReadOnly && BindOptions.ReadOnlyForceRecursive"
            : options is { ReadOnlyNonRecursive: true, ReadOnlyForceRecursive: true } ? "ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive"
            : null;
        if (conflict is not null)
        {
            throw EngineException.BadRequest($"mount options conflict: {conflict}");
        }

        if (options.ReadOnlyForceRecursive && !Runtime.SpecMounts.KernelHasRecursiveReadOnly)
        {
            throw EngineException.BadRequest("recursive read-only mounts (BindOptions.ReadOnlyForceRecursive) need Linux 5.12 or later");
        }
    }

    private static Resolved FromTmpfs(KeyValuePair<string, string> tmpfs)
    {
        var options = (tmpfs.Value ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).ToList();
        var unknown = options.Find(o => !TmpfsFlags.Contains(o) && !TmpfsSettings.Any(s => o.StartsWith(s, StringComparison.Ordinal)));
        if (unknown is not null)
        {
            throw EngineException.BadRequest($"invalid tmpfs option [\"{unknown}\"]");
        }

        return new Resolved(new MountPoint { Kind = MountKind.Tmpfs, Destination = Clean(tmpfs.Key, tmpfs.Key), ReadOnly = options.Contains("ro"), TmpfsOptions = options }, null, false);
    }

    private static Resolved MadeBy(string? driver, Resolved resolved) =>
        resolved.Create is { } create ? resolved with { Create = create with { Driver = driver } } : resolved;

    private static Resolved Volume(string name, string destination, bool readOnly, string mode, bool noCopy) => new(
        new MountPoint { Kind = MountKind.Volume, Name = name, Destination = destination, ReadOnly = readOnly, Mode = mode, Anonymous = name.Length == 0 },
        new VolumeCreateRequest { Name = name },
        !noCopy);

    private static string Clean(string path, string specification)
    {
        if (!path.StartsWith('/'))
        {
            throw EngineException.BadRequest($"invalid volume specification: '{specification}': invalid mount config for type \"volume\": invalid mount path: '{path}' mount path must be absolute");
        }

        var clean = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return clean == "/"
            ? throw EngineException.BadRequest($"invalid volume specification: '{specification}': invalid mount config for type \"volume\": invalid specification: destination can't be '/'")
            : clean;
    }
}
