using Swarm.Model;

namespace Swarm.Store;

/// <summary>The one place that knows which record a table holds.</summary>
internal static class Records
{
    internal static IStoreObject Deserialize(TableKind table, ReadOnlyMemory<byte> body) => table switch
    {
        TableKind.Cluster => Codec.Deserialize<Cluster>(body),
        TableKind.Node => Codec.Deserialize<Node>(body),
        TableKind.Service => Codec.Deserialize<Service>(body),
        TableKind.Task => Codec.Deserialize<SwarmTask>(body),
        TableKind.Network => Codec.Deserialize<Network>(body),
        TableKind.Secret => Codec.Deserialize<Secret>(body),
        TableKind.Config => Codec.Deserialize<Config>(body),
        _ => throw new InvalidDataException($"the log holds a record of table {(byte)table}, which this version does not know"),
    };

    internal static byte[] Serialize(IStoreObject record) => record switch
    {
        Cluster r => Codec.Serialize(r),
        Node r => Codec.Serialize(r),
        Service r => Codec.Serialize(r),
        SwarmTask r => Codec.Serialize(r),
        Network r => Codec.Serialize(r),
        Secret r => Codec.Serialize(r),
        Config r => Codec.Serialize(r),
        _ => throw new InvalidOperationException($"there is no table for a {record.GetType().Name}"),
    };
}
