using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Swarm.Engine.Archives;
using static Swarm.Engine.Archives.DirectoryCalls;

namespace Swarm.Engine.Build.Copying;

/// <summary>
/// A digest of what a copy of a file or folder would be: kinds, modes, content, link targets, devices and capabilities, by name. Not the time,
/// and not the owner, because a copy has neither from its source.
/// </summary>
internal sealed class TreeHash : IDisposable
{
    private const int MaxDepth = 512;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _chunk = new byte[256 * 1024];
    private readonly CancellationToken _cancellation;

    private TreeHash(CancellationToken cancellation) => _cancellation = cancellation;

    /// <summary>"file:HEX" or "dir:HEX".</summary>
    /// <exception cref="EngineException">404: nothing of that name.</exception>
    public static string Of(CopySource source, CancellationToken cancellation)
    {
        using var root = OpenRoot(source.Root);
        using var hash = new TreeHash(cancellation);
        var path = Encoding.UTF8.GetBytes(source.Path);
        using var handle = OpenInRoot(root, path, O_PATH, out var errno) ?? throw Failure("open", path, errno);
        var stat = StatOf(handle);
        if (stat.Kind == S_IFDIR)
        {
            using var folder = OpenInRoot(root, path, O_DIRECTORY, out errno) ?? throw Failure("open", path, errno);
            hash.AddFolder(folder, 1);
            return "dir:" + hash.Finish();
        }

        using var file = stat.Kind == S_IFREG ? OpenInRoot(root, path, O_NONBLOCK, out errno) ?? throw Failure("open", path, errno) : null;
        hash.AddHeader(Encoding.UTF8.GetBytes(source.Name), stat);
        if (file is not null)
        {
            hash.AddContent(file, path);
        }

        return "file:" + hash.Finish();
    }

    public void Dispose() => _hash.Dispose();

    private string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    private void AddFolder(SafeFileHandle folder, int depth)
    {
        if (depth > MaxDepth)
        {
            throw EngineException.BadRequest($"folders are nested more than {MaxDepth} deep");
        }

        var names = Names(folder);
        names.Sort(static (left, right) => left.AsSpan().SequenceCompareTo(right));
        foreach (var name in names)
        {
            if (TryStat(folder, name, out var stat))
            {
                AddMember(folder, name, stat, depth);
            }
        }

        AddNumber(-1);
    }

    private void AddMember(SafeFileHandle folder, byte[] name, in Stat stat, int depth)
    {
        _cancellation.ThrowIfCancellationRequested();
        AddHeader(name, stat);
        if (ExtendedAttributeCalls.GetAt(folder, name, "security.capability") is { } capability)
        {
            AddBytes(capability);
        }

        if (stat.Kind == S_IFLNK)
        {
            AddBytes(ReadLink(folder, name));
        }
        else if (stat.Kind == S_IFREG)
        {
            using var file = OpenAt(folder, name, O_NONBLOCK, out var errno) ?? throw Failure("open", name, errno);
            AddContent(file, name);
        }
        else if (stat.Kind == S_IFDIR)
        {
            using var child = OpenAt(folder, name, O_DIRECTORY, out var errno) ?? throw Failure("open", name, errno);
            AddFolder(child, depth + 1);
        }
    }

    private void AddHeader(byte[] name, in Stat stat)
    {
        AddBytes(name);
        AddNumber(stat.Mode);
        AddNumber(((long)stat.DeviceMajor << 32) | stat.DeviceMinor);
        AddNumber(stat.Kind == S_IFREG ? (long)stat.Size : 0);
    }

    private void AddContent(SafeFileHandle file, byte[] name)
    {
        for (int read; (read = Read(file, _chunk, name)) > 0;)
        {
            _cancellation.ThrowIfCancellationRequested();
            _hash.AppendData(_chunk, 0, read);
        }
    }

    private void AddBytes(ReadOnlySpan<byte> bytes)
    {
        AddNumber(bytes.Length);
        _hash.AppendData(bytes);
    }

    private void AddNumber(long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        _hash.AppendData(bytes);
    }
}
