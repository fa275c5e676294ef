using System.Text.Json;
using Swarm.Linux;

namespace Swarm.Networking.Networks;

/// <summary>User networks on disk, one durable file each: a network exists from the rename of its file to the file's deletion.</summary>
internal sealed class NetworkFiles
{
    private const string Suffix = ".json";
    private readonly string folder;

    public NetworkFiles(string folder)
    {
        this.folder = folder;
        Directory.CreateDirectory(folder);
    }

    public void Save(NetworkRecord record) =>
        DurableFile.Write(PathOf(record.Id), JsonSerializer.SerializeToUtf8Bytes(record, NetworkingJson.Default.NetworkRecord));

    public void Delete(string id)
    {
        File.Delete(PathOf(id));
        DurableFile.SyncDirectory(folder);
    }

    /// <exception cref="InvalidDataException">A file is not a network: better no daemon than one that gives its addresses away.</exception>
    public IReadOnlyList<NetworkRecord> Load() => [.. Directory.GetFiles(folder, "*" + Suffix).Order(StringComparer.Ordinal).Select(path =>
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), NetworkingJson.Default.NetworkRecord)!;
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path} is not a network's record: {error.Message}", error);
        }
    })];

    private string PathOf(string id) => Path.Combine(folder, id + Suffix);
}
