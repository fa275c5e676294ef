using System.IO.Pipelines;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Swarm.Engine.Archives;
using Swarm.Engine.Runtime;
using Swarm.Engine.UserNamespaces;
using static Swarm.Engine.Archives.DirectoryCalls;

namespace Swarm.Engine.Build.Copying;

/// <summary>Puts sources into a mounted image, as its own programs would see it: no link of the image or of a source leads out of either.</summary>
/// <param name="owner">Of everything that is placed; null: root, but what an archive says within archives.</param>
/// <param name="mode">Permission bits of everything that is placed; null: the source's.</param>
/// <param name="ids">Who the image's users are on this host.</param>
internal sealed class CopyTarget(string merged, (uint Uid, uint Gid)? owner, int? mode, IdMap ids) : IDisposable
{
    private const int FolderMode = 0x1ED;

    /// <summary>As the kernel's own bound (path_resolution(7)).</summary>
    private const int MaxLinks = 40;

    private readonly SafeFileHandle _root = OpenRoot(merged);

    /// <summary>A path of an instruction as an absolute one.</summary>
    public static string Absolute(string workdir, string path)
    {
        var parts = new List<string>();
        foreach (var part in (path.StartsWith('/') ? path : $"{workdir}/{path}").Split('/'))
        {
            if (part == "..")
            {
                parts.RemoveRange(Math.Max(parts.Count - 1, 0), Math.Min(parts.Count, 1));
            }
            else if (part is not ("" or "."))
            {
                parts.Add(part);
            }
        }

        return "/" + string.Join('/', parts);
    }

    /// <summary>USER[:GROUP] by the image's own files; a user alone also names its group.</summary>
    /// <exception cref="EngineException">400: unknown there.</exception>
    public static (uint Uid, uint Gid) Owner(string root, string chown)
    {
        var parts = chown.Split(':', 2);
        try
        {
            var user = ContainerUser.Resolve(root, $"{parts[0]}:{(parts.Length == 2 ? parts[1] : parts[0])}", null);
            return (user.Uid, user.Gid);
        }
        catch (EngineException e)
        {
            throw new EngineException(400, $"unable to convert uid/gid chown string to host mapping: {e.Message}", e);
        }
    }

    public void Dispose() => _root.Dispose();

    /// <summary>A folder with all above it; what is there stays as it is.</summary>
    public void MakeFolder(string path) => Folder(path).Dispose();

    /// <param name="isFolder">The destination ends with a slash.</param>
    /// <param name="unpack">Archives become what is in them (ADD).</param>
    /// <exception cref="EngineException">400: a folder where a file is, or the other way around.</exception>
    public void Place(CopySource source, string path, bool isFolder, bool unpack, CancellationToken cancellation)
    {
        using var from = OpenRoot(source.Root);
        var sourcePath = Encoding.UTF8.GetBytes(source.Path);
        using var handle = OpenInRoot(from, sourcePath, O_PATH, out var errno) ?? throw Failure("open", sourcePath, errno);
        var stat = StatOf(handle);
        if (stat.Kind == S_IFDIR)
        {
            using var folder = OpenInRoot(from, sourcePath, O_DIRECTORY, out errno) ?? throw Failure("open", sourcePath, errno);
            CopyFolder(folder, path, cancellation);
        }
        else if (stat.Kind == S_IFREG)
        {
            using var file = OpenInRoot(from, sourcePath, O_NONBLOCK, out errno) ?? throw Failure("open", sourcePath, errno);
            if (unpack && !source.Downloaded && IsArchive(file))
            {
                Unpack(file, path, cancellation);
            }
            else
            {
                CopyFile(file, stat, source.Name, path, isFolder);
            }
        }
        else
        {
            throw EngineException.BadRequest($"cannot copy {source.Path}: it is neither a file nor a folder");
        }
    }

    private void CopyFolder(SafeFileHandle folder, string path, CancellationToken cancellation)
    {
        Folder(path).Dispose();
        var pipe = new Pipe();
        using var cancelled = cancellation.UnsafeRegister(static state => ((PipeReader)state!).CancelPendingRead(), pipe.Reader);
        var writing = Task.Run(
            () =>
            {
                try
                {
                    using var output = pipe.Writer.AsStream(leaveOpen: true);
                    TreeArchiver.Write(DescriptorPath(folder), output);
                    output.Flush();
                    pipe.Writer.Complete();
                }
                catch (Exception e)
                {
                    pipe.Writer.Complete(e);
                }
            },
            CancellationToken.None);
        try
        {
            using var input = new CancellableReads(pipe.Reader.AsStream(leaveOpen: true), cancellation);
            ArchiveExtractor.Extract(input, _root, Relative(path), new ExtractOptions { Owner = owner ?? (0, 0), Mode = mode, KeepTop = true, Ids = ids });
        }
        finally
        {
            pipe.Reader.Complete();
            writing.GetAwaiter().GetResult();
        }
    }

    private void Unpack(SafeFileHandle file, string path, CancellationToken cancellation)
    {
        Folder(path).Dispose();
        using var input = new CancellableReads(Decompression.Open(Reopen(file)), cancellation);
        try
        {
            ArchiveExtractor.Extract(input, _root, Relative(path), new ExtractOptions { Owner = owner, Mode = mode, KeepTop = true, Ids = ids });
        }
        catch (InvalidDataException e)
        {
            throw new EngineException(400, $"ADD failed: {e.Message}", e);
        }
    }

    private void CopyFile(SafeFileHandle file, in Stat stat, string sourceName, string path, bool isFolder)
    {
        using var existing = OpenInRoot(_root, Relative(path), O_PATH, out _);
        var into = isFolder || path == "/" || (existing is not null && StatOf(existing).Kind == S_IFDIR);
        var slash = path.LastIndexOf('/');
        using var folder = Folder(into ? path : path[..slash]);
        var name = Encoding.UTF8.GetBytes(into ? sourceName : path[(slash + 1)..]);
        using var target = Create(folder, name);
        var chunk = new byte[256 * 1024];
        for (int read; (read = Read(file, chunk, name)) > 0;)
        {
            Write(target, chunk.AsSpan(0, read), name);
        }

        Own(target, name);
        if (ExtendedAttributeCalls.GetOf(file, "security.capability") is { } capability)
        {
            ExtendedAttributeCalls.Set(target, "security.capability", capability, name);
        }

        ChangeMode(target, mode ?? (stat.Mode & 0xFFF), name);
        SetTime(target, new TarTime(stat.Modified.Seconds, (int)stat.Modified.Nanoseconds), name);
    }

    /// <summary>A new file in the place of whatever has the name; only a folder refuses.</summary>
    private static SafeFileHandle Create(SafeFileHandle folder, byte[] name)
    {
        if (TryStat(folder, name, out var stat))
        {
            if (stat.Kind == S_IFDIR)
            {
                throw EngineException.BadRequest($"cannot overwrite directory \"{Encoding.UTF8.GetString(name)}\" with non-directory");
            }

            Tree.Delete(folder, name);
        }

        return OpenAt(folder, name, O_WRONLY | O_CREAT | O_EXCL, out var errno) ?? throw Failure("create", name, errno);
    }

    private SafeFileHandle Folder(string path, int hops = 0)
    {
        var at = Array.Empty<byte>();
        var folder = OpenInRoot(_root, at, O_DIRECTORY, out var errno) ?? throw Failure("open", at, errno);
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = Encoding.UTF8.GetBytes(part);
            byte[] above = at;
            at = at.Length == 0 ? name : [.. at, (byte)'/', .. name];
            var next = OpenInRoot(_root, at, O_DIRECTORY, out errno);
            if (next is null && errno == ENOENT)
            {
                next = MakeDirectory(folder, name) == 0 ? Made(folder, name) : BehindLink(folder, name, above, hops);
            }

            folder.Dispose();
            folder = next ?? throw EngineException.BadRequest($"cannot copy to non-directory: /{Encoding.UTF8.GetString(at)}");
        }

        return folder;
    }

    private SafeFileHandle Made(SafeFileHandle parent, byte[] name)
    {
        var made = OpenAt(parent, name, O_DIRECTORY, out var errno) ?? throw Failure("open", name, errno);
        Own(made, name);
        ChangeMode(made, FolderMode, name);
        return made;
    }

    private void Own(SafeFileHandle made, byte[] name)
    {
        var (uid, gid) = ids.ToHost(owner?.Uid ?? 0, owner?.Gid ?? 0);
        ChangeOwner(made, uid, gid, name);
    }

    /// <summary>A link to what the image does not have yet: the folder is made there, within the image.</summary>
    private SafeFileHandle? BehindLink(SafeFileHandle parent, byte[] name, byte[] above, int hops) =>
        hops < MaxLinks && TryStat(parent, name, out var stat) && stat.Kind == S_IFLNK
            ? Folder(Absolute("/" + Encoding.UTF8.GetString(above), Encoding.UTF8.GetString(ReadLink(parent, name))), hops + 1)
            : null;

    private static bool IsArchive(SafeFileHandle file)
    {
        using var content = Decompression.Open(Reopen(file));
        try
        {
            return new TarReader(content).Next() is not null;
        }
        catch (Exception e) when (e is InvalidDataException or ZstdSharp.ZstdException)
        {
            return false;
        }
    }

    /// <summary>The same file from its beginning.</summary>
    private static FileStream Reopen(SafeFileHandle file) => new(DescriptorPath(file), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);

    private static byte[] Relative(string path) => Encoding.UTF8.GetBytes(path.Trim('/'));
}
