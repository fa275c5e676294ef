using System.Collections.Immutable;
using System.Security.Cryptography;

namespace Swarm.Security;

/// <summary>
/// The keys (32 random bytes each) under which this node's own log and snapshots are encrypted, sealed by the node's lock. One, but for the time between
/// <see cref="Rotate"/> and <see cref="ForgetOldKeys"/>: then the first is for what is written, and the others still open what was written before.
/// </summary>
public sealed class DataKeyFile
{
    public const string Name = "raft-key";
    public const int KeySize = 32;

    /// <summary>Keys of one file. Beyond, the key in use stays: dropping one could make a file unreadable.</summary>
    public const int MaxKeys = 16;

    private const string Purpose = "data keys";

    private readonly Lock _changing = new();
    private readonly NodeFolder _folder;
    private readonly NodeLock _seal;
    private ImmutableArray<byte[]> _keys;
    // The first key is not in use yet: nothing but this file knows it.
    private bool _pending;

    private DataKeyFile(NodeFolder folder, NodeLock seal, ImmutableArray<byte[]> keys)
    {
        _folder = folder;
        _seal = seal;
        _keys = keys;
    }

    /// <summary>Files may still be under older keys.</summary>
    public bool HasOldKeys
    {
        get
        {
            lock (_changing)
            {
                return _keys.Length > 1;
            }
        }
    }

    /// <summary>For Swarm.Store's RaftOptions.DataKeys. From now on the first is in use.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Use()
    {
        lock (_changing)
        {
            _pending = false;
            return [.. _keys.Select(key => (ReadOnlyMemory<byte>)key)];
        }
    }

    /// <summary>Reads the keys, or makes one that is durable when this returns: nothing may be encrypted under a key that a crash could take.</summary>
    /// <param name="seal">Not locked.</param>
    /// <exception cref="InvalidDataException">The file holds no keys that the lock opens.</exception>
    public static DataKeyFile LoadOrCreate(NodeFolder folder, NodeLock seal)
    {
        if (folder.Read(Name) is not { } stored)
        {
            var made = new DataKeyFile(folder, seal, [RandomNumberGenerator.GetBytes(KeySize)]);
            made.Reseal();
            return made;
        }

        // A bare key is what a version before locks wrote.
        var keys = stored.Length == KeySize ? stored : seal.Open(Purpose, stored);
        return keys is { Length: > 0 and <= MaxKeys * KeySize } && keys.Length % KeySize == 0
            ? new DataKeyFile(folder, seal, [.. keys.Chunk(KeySize)])
            : throw new InvalidDataException($"the file {Name} holds no key that this node's lock opens, but {stored.Length} other bytes");
    }

    /// <summary>Seals the keys under the lock's present key; durable when this returns.</summary>
    public void Reseal()
    {
        lock (_changing)
        {
            Write(_keys);
        }
    }

    /// <summary>A new first key: the present ones lay open on the disk. Durable, and sealed under the lock's present key, when this returns.</summary>
    public void Rotate()
    {
        lock (_changing)
        {
            var used = _pending ? _keys[1..] : _keys;
            var keys = used.Length < MaxKeys ? used.Insert(0, RandomNumberGenerator.GetBytes(KeySize)) : used;
            Write(keys);
            (_keys, _pending) = (keys, keys.Length > used.Length);
        }
    }

    /// <summary>Call once every file opens with <paramref name="key"/>. Keeps a key that was made since.</summary>
    public void ForgetOldKeys(ReadOnlyMemory<byte> key)
    {
        lock (_changing)
        {
            var kept = _keys[..(_keys.IndexOf(_keys.First(one => key.Span.SequenceEqual(one))) + 1)];
            Write(kept);
            _keys = kept;
        }
    }

    private void Write(ImmutableArray<byte[]> keys)
    {
        byte[] content = [.. keys.SelectMany(key => key)];
        _folder.Write(Name, _seal.Seal(Purpose, content));
        CryptographicOperations.ZeroMemory(content);
    }
}
