using System.Buffers.Binary;
using System.IO.Hashing;
using System.Net;
using DotNext.IO;
using DotNext.Net.Cluster.Consensus.Raft.Membership;
using Swarm.Linux;

namespace Swarm.Store.Consensus.Raft;

/// <summary>
/// The applied membership on disk, replaced durably and whole: log index that made it (little-endian 64-bit), XxHash3 of the rest, the node ids.
/// Called by one thread at a time: the log's applier, or before the start.
/// </summary>
internal sealed class MemberStorage(string path) : IClusterConfigurationStorage<EndPoint>
{
    private const int HeaderSize = 16;
    private volatile Saved _saved = Load(path);

    public event Func<IClusterConfiguration<EndPoint>, CancellationToken, ValueTask>? ConfigurationChanged;

    internal MemberSet Members => _saved.Members;

    internal void Found(string nodeId) => Save(new Saved(new MemberSet([nodeId]), 0));

    /// <summary>This node alone, in place of every membership up to the end of its log. Nothing changes if it is alone already.</summary>
    internal void Recover(string nodeId, long lastIndex)
    {
        if (_saved.Members.NodeIds is not [var only] || only != nodeId || _saved.Index < lastIndex)
        {
            Save(new Saved(new MemberSet([nodeId]), lastIndex));
        }
    }

    /// <summary>Saves a membership unless a later one is saved already.</summary>
    public async ValueTask<bool> SaveConfigurationAsync<TConfiguration>(TConfiguration configuration, long configurationVersion, CancellationToken token)
        where TConfiguration : IDataTransferObject
    {
        if (configurationVersion <= _saved.Index && _saved.Members.NodeIds.Count > 0)
        {
            return false;
        }

        var members = MemberSet.Parse(await configuration.ToByteArrayAsync(token: token).ConfigureAwait(false));
        Save(new Saved(members, configurationVersion));
        if (ConfigurationChanged is { } changed)
        {
            await changed(members, token).ConfigureAwait(false);
        }

        return true;
    }

    public ValueTask<IClusterConfiguration<EndPoint>> LoadConfigurationAsync(CancellationToken token) => new(_saved.Members);

    ValueTask<(IDataTransferObject Configuration, long Version)> IClusterConfigurationStorage.LoadConfigurationAsync(CancellationToken token)
    {
        var saved = _saved;
        return new((saved.Members, saved.Index));
    }

    public void Dispose()
    {
    }

    private static Saved Load(string path)
    {
        if (!File.Exists(path))
        {
            return new Saved(new MemberSet([]), 0);
        }

        var bytes = File.ReadAllBytes(path);
        if (bytes.Length < HeaderSize || XxHash3.HashToUInt64(Checked(bytes)) != BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(8)))
        {
            throw new InvalidDataException("the file of the members is damaged");
        }

        return new Saved(MemberSet.Parse(bytes.AsSpan(HeaderSize)), BinaryPrimitives.ReadInt64LittleEndian(bytes));
    }

    private void Save(Saved saved)
    {
        var bytes = new byte[HeaderSize + saved.Members.Bytes.Length];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, saved.Index);
        saved.Members.Bytes.CopyTo(bytes.AsSpan(HeaderSize));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), XxHash3.HashToUInt64(Checked(bytes)));
        DurableFile.Write(path, bytes);
        _saved = saved;
    }

    /// <summary>Everything but the hash's own place.</summary>
    private static byte[] Checked(ReadOnlySpan<byte> bytes) => [.. bytes[..8], .. bytes[HeaderSize..]];

    private sealed record Saved(MemberSet Members, long Index);
}
