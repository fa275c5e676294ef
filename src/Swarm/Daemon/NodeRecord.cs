using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Swarm.Linux;

namespace Swarm.Daemon;

/// <summary>
/// That this node belongs to a cluster, and how it was told to listen. Written last when it joins and removed first when it leaves, so a
/// crash in between leaves a node that is in no cluster and a folder that the next start empties.
/// </summary>
/// <param name="AdvertiseWish">What was asked for: an address, an interface, or empty for "find it"; null in records that do not know.</param>
/// <param name="AdvertiseIsLocal">The advertised address was one of this machine's own, not one in front of it that translates addresses.</param>
internal sealed record NodeRecord(
    string NodeId, string ClusterId, string ListenAddress, string AdvertiseAddress, string DataPathAddress, string? AdvertiseWish = null, bool AdvertiseIsLocal = true)
{
    private const string FileName = "node.json";

    internal static NodeRecord? Load(string directory)
    {
        var path = Path.Combine(directory, FileName);
        return File.Exists(path)
            ? JsonSerializer.Deserialize(File.ReadAllBytes(path), NodeRecordJson.Default.NodeRecord) ?? throw new InvalidDataException($"{path} is empty")
            : null;
    }

    internal void Save(string directory) =>
        DurableFile.Write(Path.Combine(directory, FileName), JsonSerializer.SerializeToUtf8Bytes(this, NodeRecordJson.Default.NodeRecord));

    /// <summary>
    /// Where this node dials an address. An advertised one that this machine does not have itself is translated on the way in, by somebody outside: from here
    /// it may lead nowhere, so the node goes to its own port directly.
    /// </summary>
    internal string DialledAs(string address)
    {
        if (AdvertiseIsLocal || address != AdvertiseAddress)
        {
            return address;
        }

        var listen = IPEndPoint.Parse(ListenAddress);
        return listen.Address.Equals(IPAddress.Any) ? new IPEndPoint(IPAddress.Loopback, listen.Port).ToString()
            : listen.Address.Equals(IPAddress.IPv6Any) ? new IPEndPoint(IPAddress.IPv6Loopback, listen.Port).ToString()
            : ListenAddress;
    }

    internal static void Delete(string directory)
    {
        File.Delete(Path.Combine(directory, FileName));
        DurableFile.SyncDirectory(directory);
    }
}

[JsonSerializable(typeof(NodeRecord))]
internal sealed partial class NodeRecordJson : JsonSerializerContext;
