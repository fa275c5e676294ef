using System.Collections.Immutable;
using System.Text;
using MessagePack;
using Swarm.Linux;
using Swarm.Model;

namespace Swarm.Networking.Overlay;

/// <summary>The tables that this node holds, a file each, and whose they are: what a daemon that starts again works by until a manager speaks.</summary>
internal sealed class TableFiles
{
    private readonly string folder;
    private readonly string node;

    public TableFiles(string folder)
    {
        (this.folder, node) = (Path.Combine(folder, "tables"), Path.Combine(folder, "node"));
        Directory.CreateDirectory(this.folder);
    }

    /// <summary>Writes those that are not the same instance as before, and deletes those that are not there any more.</summary>
    public void Save(string nodeId, ImmutableDictionary<string, NetworkTable> before, ImmutableDictionary<string, NetworkTable> now)
    {
        if (now.IsEmpty)
        {
            File.Delete(node);
        }
        else if (!File.Exists(node) || File.ReadAllText(node) != nodeId)
        {
            DurableFile.Write(node, Encoding.ASCII.GetBytes(nodeId));
        }

        foreach (var (id, table) in now.Where(pair => !ReferenceEquals(pair.Value, before.GetValueOrDefault(pair.Key))))
        {
            DurableFile.Write(Path.Combine(folder, id), Codec.Serialize(table));
        }

        foreach (var id in before.Keys.Where(id => !now.ContainsKey(id)))
        {
            File.Delete(Path.Combine(folder, id));
        }
    }

    /// <summary>With the folder that they are in.</summary>
    public void Delete() => Directory.Delete(Path.GetDirectoryName(folder)!, recursive: true);

    /// <summary>A file that cannot be read (it can only be another version's) is as none.</summary>
    public (string NodeId, ImmutableDictionary<string, NetworkTable> Tables) Load()
    {
        var tables = ImmutableDictionary.CreateBuilder<string, NetworkTable>();
        foreach (var path in Directory.GetFiles(folder))
        {
            try
            {
                var table = Codec.Deserialize<NetworkTable>(File.ReadAllBytes(path));
                if (table.Network.Id == Path.GetFileName(path))
                {
                    tables[table.Network.Id] = table;
                    continue;
                }
            }
            catch (MessagePackSerializationException)
            {
                // As the temporary file of a write that did not end.
            }

            File.Delete(path);
        }

        return (File.Exists(node) ? File.ReadAllText(node) : "", tables.ToImmutable());
    }
}
