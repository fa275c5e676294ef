using System.Text.Json;
using Swarm.Engine.UserNamespaces;
using Swarm.Linux;

namespace Swarm.Engine.Containers;

/// <summary>
/// Containers on disk: DataRoot/containers/ID/{config.json, state.json, exit, hosts, hostname, resolv.conf, ID-json.log}. A container exists
/// from the rename of .creating-ID to ID, and no more from that of ID to .removing-ID: whatever has such a name at a start is cleaned up.
/// </summary>
public sealed class ContainerStore
{
    private const string ConfigName = "config.json", StateName = "state.json", ExitName = "exit", VolumesToo = "volumes-too";
    private const string LocalLogs = "local-logs";
    private const string Creating = ".creating-", Removing = ".removing-";
    private const UnixFileMode PrivateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly string _root;
    private readonly IdMap _ids;

    public ContainerStore(EngineOptions options)
    {
        (_root, _ids) = (options.ContainersPath, options.Ids);
        Directory.CreateDirectory(_root, PrivateMode | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
    }

    public string Folder(string id) => Path.Combine(_root, id);

    public string ExitFile(string id) => Path.Combine(Folder(id), ExitName);

    /// <summary>Where the driver of this name writes: what Docker has where scripts look for it.</summary>
    public string LogFile(string id, string driver) => driver == LogOptions.Local
        ? Path.Combine(Folder(id), LocalLogs, "container.log")
        : Path.Combine(Folder(id), id + "-json.log");

    /// <summary>As <see cref="LogFile"/>, with its folder; empty for a driver that writes nothing.</summary>
    public string MadeLogFile(string id, string driver)
    {
        if (driver == LogOptions.None)
        {
            return "";
        }

        var path = LogFile(id, driver);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, PrivateMode);
        return path;
    }

    /// <summary>Promises on disk that <paramref name="record"/>'s id is being made, so that what belongs to it is found after a crash.</summary>
    public void Begin(ContainerRecord record)
    {
        var folder = Path.Combine(_root, Creating + record.Id);
        Directory.CreateDirectory(folder, PrivateMode);
        if (!_ids.IsNone)
        {
            // The runtime mounts files of it as the container's root, who must be able to pass.
            FileOwner.SetGroup(folder, _ids.Root.Gid);
            File.SetUnixFileMode(folder, PrivateMode | UnixFileMode.GroupExecute);
        }

        WriteRecord(folder, record);
        DurableFile.SyncDirectory(_root);
    }

    /// <summary>The container exists.</summary>
    public void Commit(string id)
    {
        Directory.Move(Path.Combine(_root, Creating + id), Folder(id));
        DurableFile.SyncDirectory(_root);
    }

    public void Save(ContainerRecord record) => WriteRecord(Folder(record.Id), record);

    public void Save(string id, ContainerState state) =>
        DurableFile.Write(Path.Combine(Folder(id), StateName), JsonSerializer.SerializeToUtf8Bytes(state, EngineJson.Default.ContainerState));

    /// <summary>The container exists no more; what is left of it is <see cref="Forget"/>'s. Safe to repeat.</summary>
    public void BeginRemoval(string id, bool removeVolumes)
    {
        if (Directory.Exists(Folder(id)))
        {
            if (removeVolumes)
            {
                DurableFile.Write(Path.Combine(Folder(id), VolumesToo), []);
            }

            Directory.Move(Folder(id), Path.Combine(_root, Removing + id));
            DurableFile.SyncDirectory(_root);
        }
    }

    /// <summary>Whether the volumes of a half go with it: those of one that was never whole do.</summary>
    public bool RemovesVolumes(string id) =>
        Directory.Exists(Path.Combine(_root, Creating + id)) || File.Exists(Path.Combine(_root, Removing + id, VolumesToo));

    /// <summary>Deletes the last trace. Safe to repeat.</summary>
    public void Forget(string id)
    {
        foreach (var folder in new[] { Path.Combine(_root, Removing + id), Path.Combine(_root, Creating + id) })
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    /// <summary>Containers that were being made or removed when the daemon ended: their ids, and their records as far as these can be read.</summary>
    public IReadOnlyList<(string Id, ContainerRecord? Record)> Halves() =>
        [.. Directory.EnumerateDirectories(_root)
            .Select(folder => (Folder: folder, Name: Path.GetFileName(folder)))
            .Where(f => f.Name.StartsWith(Creating, StringComparison.Ordinal) || f.Name.StartsWith(Removing, StringComparison.Ordinal))
            .Select(f => (f.Name[(f.Name.IndexOf('-') + 1)..], ReadRecord(f.Folder)))];

    public IReadOnlyList<(ContainerRecord Record, ContainerState State)> Load()
    {
        List<(ContainerRecord, ContainerState)> found = [];
        foreach (var folder in Directory.EnumerateDirectories(_root).Where(f => !Path.GetFileName(f).StartsWith('.')))
        {
            if (ReadRecord(folder) is { } record)
            {
                var state = Path.Combine(folder, StateName);
                found.Add((record, File.Exists(state)
                    ? JsonSerializer.Deserialize(File.ReadAllBytes(state), EngineJson.Default.ContainerState)!
                    : new ContainerState()));
            }
        }

        return found;
    }

    private static void WriteRecord(string folder, ContainerRecord record) =>
        DurableFile.Write(Path.Combine(folder, ConfigName), JsonSerializer.SerializeToUtf8Bytes(record, EngineJson.Default.ContainerRecord));

    private static ContainerRecord? ReadRecord(string folder)
    {
        var file = Path.Combine(folder, ConfigName);
        return File.Exists(file) ? JsonSerializer.Deserialize(File.ReadAllBytes(file), EngineJson.Default.ContainerRecord) : null;
    }
}
