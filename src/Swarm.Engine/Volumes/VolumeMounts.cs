using System.Collections.Immutable;
using Swarm.Engine.Layers;
using Swarm.Linux;

namespace Swarm.Engine.Volumes;

/// <summary>
/// Volumes with driver options are mounted while somebody uses them: the first user mounts, the last one unmounts. What a daemon that was
/// killed left mounted is found mounted by the next one, and unmounted if nobody uses it. Thread-safe.
/// </summary>
public sealed class VolumeMounts(VolumeStore volumes)
{
    private readonly Lock _lock = new();
    private ImmutableDictionary<string, ImmutableHashSet<string>> _users = ImmutableDictionary<string, ImmutableHashSet<string>>.Empty;

    /// <param name="user">Whoever will <see cref="Release"/> them: a container, or a copy of its files. Safe to repeat.</param>
    /// <exception cref="EngineException">500: the kernel refuses to mount one.</exception>
    public void Acquire(string user, IEnumerable<string> names)
    {
        lock (_lock)
        {
            foreach (var volume in names.Select(volumes.Find).OfType<VolumeRecord>().Where(v => v.Options.Count > 0))
            {
                Mount(volume);
                _users = _users.SetItem(volume.Name, _users.GetValueOrDefault(volume.Name, []).Add(user));
            }
        }
    }

    /// <summary>Safe to repeat.</summary>
    public void Release(string user)
    {
        lock (_lock)
        {
            foreach (var (name, users) in _users.Where(pair => pair.Value.Contains(user)))
            {
                var left = users.Remove(user);
                _users = left.IsEmpty ? _users.Remove(name) : _users.SetItem(name, left);
            }

            ReleaseUnused();
        }
    }

    /// <summary>Unmounts what nobody uses.</summary>
    public void ReleaseUnused()
    {
        lock (_lock)
        {
            foreach (var volume in volumes.All.Where(v => v.Options.Count > 0 && !_users.ContainsKey(v.Name)))
            {
                OverlayMount.Unmount(volumes.DataPath(volume.Name));
            }
        }
    }

    private void Mount(VolumeRecord volume)
    {
        var target = volumes.DataPath(volume.Name);
        if (OverlayMount.IsMountPoint(target))
        {
            return;
        }

        var (type, device, options) = (volume.Options[LocalVolumeOptions.Type], volume.Options[LocalVolumeOptions.Device], volume.Options.GetValueOrDefault(LocalVolumeOptions.Options, ""));
        try
        {
            MountNamespace.MountWith(type, device, target, options.Split(',', StringSplitOptions.RemoveEmptyEntries));
        }
        catch (IOException e)
        {
            throw new EngineException(500, $"error while mounting volume '{target}': failed to mount local volume: mount {device}:{target}, data: {options}: {e.Message}", e);
        }
    }
}
