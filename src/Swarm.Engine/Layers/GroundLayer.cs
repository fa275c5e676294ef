using Swarm.Linux;

namespace Swarm.Engine.Layers;

/// <summary>
/// The layer below every image's: the places that the engine mounts over in each container, and /.dockerenv, which programs look for. What an
/// image has of these is above and wins; what it lacks is here, so that the runtime need not make it in the container's own layer, where
/// `docker diff` and `docker commit` would find it.
/// </summary>
internal static class GroundLayer
{
    private const UnixFileMode ForAll = (UnixFileMode)0x1ED, Readable = (UnixFileMode)0x1A4;
    private static readonly string[] Folders = ["dev/pts", "dev/shm", "dev/mqueue", "etc", "proc", "sys"];
    private static readonly string[] Files = [".dockerenv", "dev/console", "etc/hostname", "etc/hosts", "etc/resolv.conf"];

    /// <summary>Makes what is missing of it. Safe to repeat.</summary>
    /// <param name="owner">The containers' root.</param>
    public static void Ensure(string root, (uint Uid, uint Gid) owner)
    {
        Make(root, owner);
        foreach (var folder in Folders)
        {
            var path = root;
            foreach (var name in folder.Split('/'))
            {
                path = Path.Combine(path, name);
                Make(path, owner);
            }
        }

        foreach (var file in Files.Select(name => Path.Combine(root, name)).Where(path => !File.Exists(path)))
        {
            File.WriteAllBytes(file, []);
            File.SetUnixFileMode(file, Readable);
            FileOwner.Set(file, owner);
        }

        var table = Path.Combine(root, "etc/mtab");
        if (new FileInfo(table).LinkTarget is null)
        {
            File.CreateSymbolicLink(table, "/proc/mounts");
            FileOwner.Set(table, owner);
        }
    }

    private static void Make(string folder, (uint Uid, uint Gid) owner)
    {
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, ForAll);
        FileOwner.Set(folder, owner);
    }
}
