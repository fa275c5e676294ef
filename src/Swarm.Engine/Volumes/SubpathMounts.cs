using Swarm.Engine.Containers;
using Swarm.Linux;

namespace Swarm.Engine.Volumes;

/// <summary>
/// Folders within volumes (`volume-subpath`): each is opened once, as if the volume were a root of its own, and shown to the runtime as a mount
/// of what was opened. A link that someone puts in its way later leads nowhere.
/// </summary>
internal static class SubpathMounts
{
    /// <returns>The mounts with the place that the runtime is to bind.</returns>
    /// <exception cref="EngineException">400: there is no such folder in the volume.</exception>
    public static IReadOnlyList<MountPoint> Make(string folder, IReadOnlyList<MountPoint> mounts)
    {
        if (!mounts.Any(m => m.Subpath.Length > 0))
        {
            return mounts;
        }

        Remove(folder);
        List<MountPoint> result = [];
        foreach (var mount in mounts)
        {
            if (mount.Subpath.Length == 0)
            {
                result.Add(mount);
                continue;
            }

            using var source = RootedPath.Open(mount.Source, mount.Subpath, FileDescriptors.PathOnly)
                ?? throw EngineException.BadRequest($"cannot access path {Path.Combine(mount.Source, mount.Subpath)}: no such file or directory");
            var place = Path.Combine(folder, result.Count.ToString(System.Globalization.CultureInfo.InvariantCulture));
            Directory.CreateDirectory(folder);
            if (Directory.Exists($"/proc/self/fd/{source.DangerousGetHandle()}"))
            {
                Directory.CreateDirectory(place);
            }
            else
            {
                File.WriteAllBytes(place, []);
            }

            using var target = RootedPath.Open("/", place, FileDescriptors.PathOnly)!;
            MountNamespace.BindOver($"/proc/self/fd/{source.DangerousGetHandle()}", target);
            result.Add(mount with { Source = place, Subpath = "" });
        }

        return result;
    }

    /// <summary>Safe to repeat.</summary>
    public static void Remove(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        foreach (var place in Directory.EnumerateFileSystemEntries(folder))
        {
            Layers.OverlayMount.Unmount(place);
            if (Directory.Exists(place))
            {
                Directory.Delete(place);
            }
            else
            {
                File.Delete(place);
            }
        }

        Directory.Delete(folder);
    }
}
