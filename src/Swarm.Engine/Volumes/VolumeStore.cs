using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Events;
using Swarm.Linux;

namespace Swarm.Engine.Volumes;

/// <summary>
/// The local volumes: DataRoot/volumes/NAME/{volume.json, _data}. A volume exists from the moment its volume.json is durable; a folder without
/// one is half made or half removed, and goes at the next start.
/// </summary>
public sealed partial class VolumeStore
{
    private const string RecordName = "volume.json", DataName = "_data";

    /// <summary>Characters, which are bytes here: of a folder's name on any file system, and of one in a refusal.</summary>
    private const int MaximumName = 255, ShownOfName = 32;
    private const UnixFileMode DataMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
    private readonly string _root;
    private readonly (uint, uint) _owner;
    private readonly TimeProvider _time;
    private readonly EventBus _events;
    private readonly Lock _lock = new();
    private ImmutableSortedDictionary<string, VolumeRecord> _volumes = ImmutableSortedDictionary.Create<string, VolumeRecord>(StringComparer.Ordinal);

    public VolumeStore(EngineOptions options, TimeProvider time, EventBus events)
    {
        (_root, _owner, _time, _events) = (options.VolumesPath, options.Ids.Root, time, events);
        Directory.CreateDirectory(_root);
        foreach (var folder in Directory.EnumerateDirectories(_root))
        {
            var file = Path.Combine(folder, RecordName);
            if (!File.Exists(file))
            {
                Directory.Delete(folder, recursive: true);
                continue;
            }

            var record = JsonSerializer.Deserialize(File.ReadAllBytes(file), EngineJson.Default.VolumeRecord)!;
            _volumes = _volumes.Add(record.Name, record);
        }
    }

    public IEnumerable<VolumeRecord> All => _volumes.Values;

    public VolumeRecord? Find(string name) => _volumes.GetValueOrDefault(name);

    public string DataPath(string name) => Path.Combine(_root, name, DataName);

    public static string AnonymousName() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    /// <summary>The volume of that name, made if there is none.</summary>
    /// <exception cref="EngineException">400: not a name; or not an option; 404: unknown driver.</exception>
    public VolumeRecord Create(VolumeCreateRequest request, bool anonymous)
    {
        request = request with { Labels = GoNulls.Texts(request.Labels), DriverOpts = GoNulls.Texts(request.DriverOpts) };
        var name = string.IsNullOrEmpty(request.Name) ? AnonymousName() : request.Name;
        if (request.Driver is not (null or "" or "local"))
        {
            throw EngineException.NotFound($"error looking up volume plugin {request.Driver}: plugin \"{request.Driver}\" not found");
        }

        LocalVolumeOptions.Check(name, request.DriverOpts);
        if (request.ClusterVolumeSpec is { ValueKind: JsonValueKind.Object })
        {
            throw EngineException.NotImplemented("cluster volumes are not built");
        }

        if (!NamePattern().IsMatch(name))
        {
            throw EngineException.BadRequest($"create {name}: \"{name}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path");
        }

        if (name.Length > MaximumName)
        {
            throw EngineException.BadRequest($"create {name[..ShownOfName]}...: file name too long");
        }

        lock (_lock)
        {
            if (_volumes.TryGetValue(name, out var existing))
            {
                return existing;
            }

            var record = new VolumeRecord { Name = name, Created = _time.GetUtcNow(), Anonymous = anonymous || string.IsNullOrEmpty(request.Name), Labels = request.Labels ?? [], Options = request.DriverOpts ?? [] };
            var folder = Path.Combine(_root, name);
            Directory.CreateDirectory(folder);
            Directory.CreateDirectory(DataPath(name));
            File.SetUnixFileMode(DataPath(name), DataMode);
            FileOwner.Set(DataPath(name), _owner);
            DurableFile.Write(Path.Combine(folder, RecordName), JsonSerializer.SerializeToUtf8Bytes(record, EngineJson.Default.VolumeRecord));
            DurableFile.SyncDirectory(_root);
            _volumes = _volumes.Add(name, record);
            _events.Publish("volume", "create", name, Driver);
            return record;
        }
    }

    /// <summary>The caller has made sure that no container uses it. Safe to repeat.</summary>
    public void Remove(string name)
    {
        lock (_lock)
        {
            if (!_volumes.ContainsKey(name))
            {
                return;
            }

            _volumes = _volumes.Remove(name);
            var folder = Path.Combine(_root, name);
            File.Delete(Path.Combine(folder, RecordName));
            DurableFile.SyncDirectory(folder);
            Directory.Delete(folder, recursive: true);
            _events.Publish("volume", "destroy", name, Driver);
        }
    }

    public VolumeView View(VolumeRecord volume) => new()
    {
        Name = volume.Name,
        Mountpoint = DataPath(volume.Name),
        CreatedAt = volume.Created.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture),
        Options = volume.Options.Count > 0 ? volume.Options : null,
        Labels = volume.Anonymous && volume.Labels.Count == 0 ? AnonymousLabel : volume.Labels,
    };

    private static readonly ImmutableDictionary<string, string> Driver = ImmutableDictionary<string, string>.Empty.Add("driver", "local");
    private static readonly ImmutableDictionary<string, string> AnonymousLabel = ImmutableDictionary<string, string>.Empty.Add("com.docker.volume.anonymous", "");

    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9_.-]+$")]
    private static partial Regex NamePattern();
}
