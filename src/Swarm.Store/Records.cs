using Swarm.Model;

namespace Swarm.Store;

/// <summary>The one place that knows which record a table holds.</summary>
internal static class Records
{
    /// <summary>The record of <paramref name="row"/>; one that nobody reads where a newer version has made the table.</summary>
    /// <param name="old">What it takes the place of, if anything: what of a task never changes is held once.</param>
    internal static DecodedRow Decode(StoredRow row, IStoreObject? old = null)
    {
        var record = Read(row);
        var meta = record.Meta with { Version = row.Version, CreatedAt = row.CreatedAt, UpdatedAt = row.UpdatedAt };
        if (record is not SwarmTask task)
        {
            return new DecodedRow(row, record.WithMeta(meta), row.Body);
        }

        // Tasks are the many. What a newer version wrote, or an older one, may read as the same record and be other bytes: those are kept.
        var body = Codec.IsWrittenAs(task, row.Body) ? null : row.Body;
        return new DecodedRow(
            row,
            old is SwarmTask before ? task with { Meta = meta, Id = before.Id, Name = task.Name == before.Name ? before.Name : task.Name } : task with { Meta = meta },
            body);
    }

    /// <summary>The record's bytes without its version and times, which are the store's to give.</summary>
    internal static byte[] Encode(IStoreObject record) =>
        record.WithMeta(record.Meta with { Version = 0, CreatedAt = default, UpdatedAt = default }) switch
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

    /// <summary>What the first version wrote knows neither the name nor the blank meta that <see cref="Row{T}"/> speaks of.</summary>
    /// <exception cref="InvalidDataException">The first version had no such table.</exception>
    internal static StoredRow FromFirstVersion(TableKind table, ReadOnlyMemory<byte> body)
    {
        var record = Read(new StoredRow { Table = table, Id = "", Body = body.ToArray() });
        if (record is OpaqueRecord)
        {
            throw new InvalidDataException($"a record of table {(byte)table} lacks what an unknown table needs");
        }

        return new StoredRow
        {
            Table = table,
            Id = record.Id,
            Name = record.UniqueName,
            Version = record.Meta.Version,
            CreatedAt = record.Meta.CreatedAt,
            UpdatedAt = record.Meta.UpdatedAt,
            Body = Encode(record),
        };
    }

    private static IStoreObject Read(StoredRow row) => row.Table switch
    {
        TableKind.Cluster => Codec.Deserialize<Cluster>(row.Body),
        TableKind.Node => Codec.Deserialize<Node>(row.Body),
        TableKind.Service => Codec.Deserialize<Service>(row.Body),
        TableKind.Task => Codec.Deserialize<SwarmTask>(row.Body),
        TableKind.Network => Codec.Deserialize<Network>(row.Body),
        TableKind.Secret => Codec.Deserialize<Secret>(row.Body),
        TableKind.Config => Codec.Deserialize<Config>(row.Body),
        _ => new OpaqueRecord { Id = row.Id, Meta = new Meta(), Table = row.Table, UniqueName = row.Name },
    };
}
