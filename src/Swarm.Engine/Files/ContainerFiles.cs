using System.Text;
using Microsoft.Win32.SafeHandles;
using Swarm.Engine.Archives;
using Swarm.Engine.UserNamespaces;
using Swarm.Linux;
using static Swarm.Engine.Archives.DirectoryCalls;

namespace Swarm.Engine.Files;

/// <summary>
/// Looks into a container and copies out of it and into it, as `docker cp` does. Blocking. Dispose it when done: as long as it lives the
/// container's root stays mounted.
/// </summary>
public sealed class ContainerFiles : IDisposable
{
    private const int MaximumLinks = 255;
    private readonly ContainerView _view;
    private readonly string _container;
    private readonly (uint Uid, uint Gid)? _user;
    private readonly IdMap _ids;
    private readonly Action _closed;
    private int _disposed;

    /// <param name="container">As the client named it, for refusals.</param>
    /// <param name="ids">Who the container's users are on this host.</param>
    /// <param name="user">Whom `copyUIDGID` gives files to; null: they keep the archive's owners.</param>
    internal ContainerFiles(ContainerView view, string container, (uint Uid, uint Gid)? user, IdMap ids, Action closed) =>
        (_view, _container, _user, _ids, _closed) = (view, container, user, ids, closed);

    /// <exception cref="EngineException">400: not a path.</exception>
    public static void CheckPath(string path) => ContainerPath.Parse(path);

    /// <exception cref="EngineException">404: no such file; 400: not a path.</exception>
    public PathStat Stat(string path)
    {
        var parsed = ContainerPath.Parse(path);
        using var file = Open(parsed, path);
        var stat = StatOf(file);
        return PathStat.Of(parsed.Base, stat, stat.Kind == S_IFLNK ? Evaluate(parsed.Clean) : "");
    }

    /// <summary>Writes a tar archive whose names begin with the last element of the path.</summary>
    /// <exception cref="EngineException">404: no such file.</exception>
    public void WriteArchive(string path, Stream output)
    {
        var parsed = ContainerPath.Parse(path);
        using var file = Open(parsed, path);
        if (StatOf(file).Kind == S_IFDIR)
        {
            using var folder = OpenInRoot(_view.Root, Bytes(parsed.Clean), O_DIRECTORY, out var errno) ?? throw NotThere(path, errno);
            TreeArchiver.WriteAs(folder, "."u8.ToArray(), parsed.Base == "/" ? [] : Bytes(parsed.Base), output, _ids);
        }
        else
        {
            using var folder = OpenInRoot(_view.Root, Bytes(parsed.Parent), O_DIRECTORY, out var errno) ?? throw NotThere(path, errno);
            TreeArchiver.WriteAs(folder, Bytes(parsed.Name), Bytes(parsed.Base), output, _ids);
        }
    }

    /// <summary>Unpacks an archive, plain or compressed, into a folder of the container.</summary>
    /// <param name="keepKinds">Refuse to replace a folder by a file and a file by a folder.</param>
    /// <param name="asUser">Everything belongs to the container's user.</param>
    /// <exception cref="EngineException">404: no such folder; 400: not a folder, or a damaged archive; 403: read-only.</exception>
    public void Extract(string path, Stream archive, bool keepKinds, bool asUser)
    {
        var parsed = ContainerPath.Parse(path);
        using (var folder = OpenInRoot(_view.Root, Bytes(parsed.Clean), O_PATH, out var errno) ?? throw NotThere(path, errno))
        {
            var stat = StatOf(folder);
            if (stat.Kind != S_IFDIR)
            {
                throw EngineException.BadRequest("extraction point is not a directory");
            }

            if (MountFlags.IsReadOnly(folder))
            {
                const int forbidden = 403;
                throw new EngineException(forbidden, stat.MountId == StatOf(_view.Root).MountId
                    ? "container rootfs is marked read-only"
                    : "mounted volume is marked read-only");
            }
        }

        try
        {
            using var plain = Decompression.Open(archive);
            ArchiveExtractor.Extract(plain, _view.Root, ArchivePath.Clean(Bytes(parsed.Clean)), new ExtractOptions { KeepKinds = keepKinds, KeepTop = true, Owner = asUser ? _user : null, Ids = _ids });
        }
        catch (InvalidDataException e)
        {
            throw new EngineException(400, $"Error processing tar file: {e.Message}", e);
        }
        catch (IOException e) when (e.HResult is EISDIR or ENOTDIR or ELOOP or ENAMETOOLONG or ENOENT)
        {
            throw new EngineException(400, $"Error processing tar file: {e.Message}", e);
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _view.Dispose();
            _closed();
        }
    }

    private SafeFileHandle Open(ContainerPath parsed, string asked)
    {
        var file = OpenInRoot(_view.Root, Bytes(parsed.Clean), O_PATH | (parsed.Follows ? 0 : O_NOFOLLOW), out var errno) ?? throw NotThere(asked, errno);
        if (parsed.Follows && StatOf(file).Kind != S_IFDIR)
        {
            file.Dispose();
            throw EngineException.BadRequest($"lstat {asked}: not a directory");
        }

        return file;
    }

    private EngineException NotThere(string path, int errno) => errno switch
    {
        ENOENT or ENOTDIR => EngineException.NotFound($"Could not find the file {path} in container {_container}"),
        ELOOP or ENAMETOOLONG => EngineException.BadRequest(Failure("lstat", Bytes(path), errno).Message),
        _ => new EngineException(500, Failure("lstat", Bytes(path), errno).Message),
    };

    /// <summary>Where a path leads once all links are followed, as far as they can be: a name for the client, which nothing here relies on.</summary>
    private string Evaluate(string path)
    {
        var todo = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        var done = new List<string>();
        for (var links = 0; todo.TryPop(out var part);)
        {
            if (part == "..")
            {
                done.RemoveRange(Math.Max(0, done.Count - 1), Math.Min(1, done.Count));
                continue;
            }

            if (part == ".")
            {
                continue;
            }

            using var folder = OpenInRoot(_view.Root, Bytes("/" + string.Join('/', done)), O_PATH | O_DIRECTORY, out _);
            if (folder is not null && TryStat(folder, Bytes(part), out var stat) && stat.Kind == S_IFLNK && ++links <= MaximumLinks)
            {
                var target = Encoding.UTF8.GetString(ReadLink(folder, Bytes(part)));
                if (target.StartsWith('/'))
                {
                    done.Clear();
                }

                foreach (var next in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
                {
                    todo.Push(next);
                }
            }
            else
            {
                done.Add(part);
            }
        }

        return "/" + string.Join('/', done);
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
