using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace Swarm.Security;

/// <summary>
/// The node's own sealing keys, under which its other secrets (TLS key, data keys) lie on disk. The one small file that holds them is either open
/// (0600, beside what it opens) or locked: encrypted under the cluster's unlock key. So every change of the unlock key is one atomic replacement of one
/// file, and a crash leaves all secrets openable by the old or by the new one, never a mixture.
/// </summary>
/// <remarks>
/// A key that lay open on the disk protects nothing afterwards, so locking makes a new one. Until everything is sealed anew
/// (<see cref="ForgetOldKeys"/>) the file holds both. Safe for use by several threads.
/// </remarks>
public sealed class NodeLock
{
    public const string FileName = "swarm-node.lock";

    /// <summary>Sealing keys that one file may hold: the one in use, and those of lockings that a crash interrupted.</summary>
    private const int MaxKeys = 16;

    private const int KeySize = 32;
    private const string OpenLabel = "SWARM SEALING KEYS";
    private const string LockedLabel = "LOCKED SWARM SEALING KEYS";
    private const string Purpose = "node lock";

    private readonly Lock _changing = new();
    private readonly NodeFolder _folder;
    private readonly byte[] _locked;
    private ImmutableArray<byte[]> _keys;
    private UnlockKey? _under;

    private NodeLock(NodeFolder folder, ImmutableArray<byte[]> keys, byte[] locked)
    {
        _folder = folder;
        _keys = keys;
        _locked = locked;
    }

    /// <summary>Nothing can be opened before <see cref="TryUnlock"/>.</summary>
    public bool IsLocked
    {
        get
        {
            lock (_changing)
            {
                return _keys.IsEmpty;
            }
        }
    }

    /// <summary>Older keys are still there: what they sealed must be sealed anew.</summary>
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

    /// <summary>What an earlier run left, or a new open lock, durable when this returns.</summary>
    /// <exception cref="InvalidDataException">The file is damaged: what it sealed is lost, and the node must leave and join again.</exception>
    public static NodeLock LoadOrCreate(NodeFolder folder)
    {
        if (folder.Read(FileName) is not { } file)
        {
            var made = new NodeLock(folder, [RandomNumberGenerator.GetBytes(KeySize)], []);
            made.Write(made._keys, under: null);
            return made;
        }

        var text = Encoding.UTF8.GetString(file);
        if (!PemEncoding.TryFind(text, out var fields))
        {
            throw Damaged();
        }

        var content = Convert.FromBase64String(text[fields.Base64Data]);
        return text[fields.Label] switch
        {
            OpenLabel => new NodeLock(folder, Split(content), []),
            LockedLabel => new NodeLock(folder, [], content),
            _ => throw Damaged(),
        };
    }

    /// <summary>False: it is another lock's key, or there is none.</summary>
    public bool TryUnlock(UnlockKey key)
    {
        lock (_changing)
        {
            if (!_keys.IsEmpty)
            {
                return key.IsSame(_under);
            }

            if (SealedBytes.Open(key.Bytes, Purpose, _locked) is not { } keys)
            {
                return false;
            }

            _keys = Split(keys);
            _under = key;
            return true;
        }
    }

    /// <summary>Brings the file to what the cluster wants; durable when this returns.</summary>
    /// <param name="wanted">Null: open.</param>
    /// <returns>True if it was open and is locked now: everything must be sealed anew, then <see cref="ForgetOldKeys"/>.</returns>
    public bool Follow(UnlockKey? wanted)
    {
        lock (_changing)
        {
            EnsureOpen();
            if (wanted is null ? _under is null : wanted.IsSame(_under))
            {
                return false;
            }

            var locks = _under is null;
            var keys = locks ? [RandomNumberGenerator.GetBytes(KeySize), .. _keys.Take(MaxKeys - 1)] : _keys;
            Write(keys, wanted);
            (_keys, _under) = (keys, wanted);
            return locks;
        }
    }

    /// <summary>Call once nothing is sealed under the older keys any more.</summary>
    public void ForgetOldKeys()
    {
        lock (_changing)
        {
            EnsureOpen();
            if (_keys.Length > 1)
            {
                ImmutableArray<byte[]> kept = [_keys[0]];
                Write(kept, _under);
                _keys = kept;
            }
        }
    }

    internal byte[] Seal(string purpose, ReadOnlySpan<byte> plain)
    {
        lock (_changing)
        {
            EnsureOpen();
            return SealedBytes.Seal(_keys[0], purpose, plain);
        }
    }

    /// <returns>Null: not sealed by this lock for this purpose.</returns>
    internal byte[]? Open(string purpose, ReadOnlySpan<byte> box)
    {
        lock (_changing)
        {
            EnsureOpen();
            foreach (var key in _keys)
            {
                if (SealedBytes.Open(key, purpose, box) is { } plain)
                {
                    return plain;
                }
            }

            return null;
        }
    }

    private static ImmutableArray<byte[]> Split(byte[] content) => content.Length is > 0 and <= MaxKeys * KeySize && content.Length % KeySize == 0
        ? [.. content.Chunk(KeySize)]
        : throw Damaged();

    private static InvalidDataException Damaged() => new($"the file {FileName} is damaged: this node must leave the swarm and join again");

    private void EnsureOpen()
    {
        if (_keys.IsEmpty)
        {
            throw new InvalidOperationException("the node is locked");
        }
    }

    private void Write(ImmutableArray<byte[]> keys, UnlockKey? under)
    {
        byte[] content = [.. keys.SelectMany(key => key)];
        var pem = under is null ? PemEncoding.WriteString(OpenLabel, content) : PemEncoding.WriteString(LockedLabel, SealedBytes.Seal(under.Bytes, Purpose, content));
        _folder.Write(FileName, Encoding.UTF8.GetBytes(pem + "\n"));
        CryptographicOperations.ZeroMemory(content);
    }
}
