using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Swarm.Networking.Bridge;

/// <summary>
/// What each endpoint is, one file each, so that a daemon that starts again finds addresses and ports of containers that went on. Renamed into
/// place but not synced: a power cut takes the namespaces with it, and nothing of this is worth having then.
/// </summary>
internal sealed class EndpointFiles
{
    private const string Suffix = ".json";
    public string Folder { get; }

    public EndpointFiles(string folder)
    {
        Folder = folder;
        Directory.CreateDirectory(folder);
    }

    public void Save(BridgeEndpoint endpoint)
    {
        var path = PathOf(endpoint.ContainerId);
        File.WriteAllBytes(path + ".tmp", JsonSerializer.SerializeToUtf8Bytes(endpoint, EndpointJson.Default.BridgeEndpoint));
        File.Move(path + ".tmp", path, overwrite: true);
    }

    public void Delete(string containerId) => File.Delete(PathOf(containerId));

    /// <summary>Every endpoint; a file that cannot be read (it can only be another version's) gives its container's id and no endpoint.</summary>
    public IEnumerable<(string ContainerId, BridgeEndpoint? Endpoint)> Load()
    {
        foreach (var temporary in Directory.GetFiles(Folder, "*.tmp"))
        {
            File.Delete(temporary);
        }

        foreach (var path in Directory.GetFiles(Folder, "*" + Suffix))
        {
            BridgeEndpoint? endpoint;
            try
            {
                endpoint = JsonSerializer.Deserialize(File.ReadAllBytes(path), EndpointJson.Default.BridgeEndpoint);
            }
            catch (JsonException)
            {
                endpoint = null;
            }

            yield return (Path.GetFileNameWithoutExtension(path), endpoint);
        }
    }

    private string PathOf(string containerId) => Path.Combine(Folder, containerId + Suffix);
}

[JsonSourceGenerationOptions(Converters = [typeof(AddressConverter)])]
[JsonSerializable(typeof(BridgeEndpoint))]
internal sealed partial class EndpointJson : JsonSerializerContext;

internal sealed class AddressConverter : JsonConverter<IPAddress>
{
    public override IPAddress Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        IPAddress.TryParse(reader.GetString(), out var address) ? address : throw new JsonException("not an address");

    public override void Write(Utf8JsonWriter writer, IPAddress value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
