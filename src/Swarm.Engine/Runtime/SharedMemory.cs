using System.Globalization;
using Swarm.Linux;

namespace Swarm.Engine.Runtime;

/// <summary>A /dev/shm that containers share: a tmpfs on the host while its owner runs.</summary>
internal static class SharedMemory
{
    /// <param name="size">Bytes.</param>
    /// <param name="owner">The containers' root.</param>
    public static void Mount(string folder, long size, (uint Uid, uint Gid) owner)
    {
        Remove(folder);
        Directory.CreateDirectory(folder);
        MountNamespace.MountNew("tmpfs", "shm", folder, string.Create(CultureInfo.InvariantCulture, $"mode=1777,size={size},uid={owner.Uid},gid={owner.Gid}"));
    }

    /// <summary>Who has it mounted keeps it. Safe to repeat.</summary>
    public static void Remove(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        if (FileIdentity.Of(folder) is { } own && FileIdentity.Of(Path.GetDirectoryName(folder)!) is { } parent
            && (own.DeviceMajor, own.DeviceMinor) != (parent.DeviceMajor, parent.DeviceMinor))
        {
            MountNamespace.DetachLazy(folder);
        }

        Directory.Delete(folder);
    }
}
