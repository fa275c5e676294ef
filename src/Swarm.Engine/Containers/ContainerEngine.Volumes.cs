using System.Globalization;
using Swarm.Engine.Files;
using Swarm.Engine.Volumes;

namespace Swarm.Engine.Containers;

public sealed partial class ContainerEngine
{
    /// <summary>The containers that use a volume, running or not.</summary>
    public IEnumerable<Container> UsersOf(string volume) => Containers.Where(c => c.Record.Mounts.Any(m => m.Kind == MountKind.Volume && m.Name == volume));

    /// <exception cref="EngineException">404; 409: in use.</exception>
    public void RemoveVolume(string name, bool force)
    {
        if (Volumes.Find(name) is null)
        {
            if (!force)
            {
                throw EngineException.NotFound($"get {name}: no such volume");
            }

            return;
        }

        var users = UsersOf(name).Select(c => c.Id).ToList();
        if (users.Count > 0)
        {
            throw EngineException.Conflict($"remove {name}: volume is in use - [{string.Join(", ", users)}]");
        }

        Volumes.Remove(name);
    }

    public VolumeView InspectVolume(string name) =>
        Volumes.View(Volumes.Find(name) ?? throw EngineException.NotFound($"get {name}: no such volume"));

    /// <summary>A volume with what it takes and who has it.</summary>
    public VolumeView MeasureVolume(VolumeRecord volume) => Volumes.View(volume) with
    {
        UsageData = new VolumeUsage(volume.Options.Count > 0 ? -1 : TreeSize.Of(Volumes.DataPath(volume.Name)), UsersOf(volume.Name).Count()),
    };

    /// <summary>Removes the volumes that no container has and that are wanted. Answers their names, and the bytes that became free.</summary>
    public (IReadOnlyList<string> Removed, long Freed) PruneVolumes(Func<VolumeRecord, bool> wanted)
    {
        List<string> removed = [];
        long freed = 0;
        foreach (var volume in Volumes.All.Where(v => wanted(v) && !UsersOf(v.Name).Any()))
        {
            freed += Math.Max(0, MeasureVolume(volume).UsageData!.Size);
            Volumes.Remove(volume.Name);
            removed.Add(volume.Name);
        }

        Events.Publish("volume", "prune", "", new Dictionary<string, string> { ["reclaimed"] = freed.ToString(CultureInfo.InvariantCulture) });
        return (removed, freed);
    }
}
