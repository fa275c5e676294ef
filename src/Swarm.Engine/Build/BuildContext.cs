using System.Text;
using Swarm.Engine.Archives;
using Swarm.Engine.Build.Dockerfiles;
using Microsoft.Win32.SafeHandles;
using static Swarm.Engine.Archives.DirectoryCalls;

namespace Swarm.Engine.Build;

/// <summary>A client's context, unpacked into a folder that nobody else looks into and that goes with it. Paths in it never lead out.</summary>
internal sealed class BuildContext : IDisposable
{
    private readonly string _folder;

    private BuildContext(string folder, string dockerfile) => (_folder, Dockerfile) = (folder, dockerfile);

    /// <summary>Where the files are.</summary>
    public string Root => _folder;

    /// <summary>The Dockerfile's text.</summary>
    public string Dockerfile { get; }

    /// <param name="folder">Made here.</param>
    /// <param name="path">Of the Dockerfile.</param>
    /// <exception cref="EngineException">400: not an archive, or it has no such Dockerfile.</exception>
    public static BuildContext Unpack(Stream archive, string folder, string path, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            using var plain = new CancellableReads(Decompression.Open(archive), cancellation);
            ArchiveExtractor.Extract(plain, folder, new ExtractOptions { KeepTop = true, Confine = true });
            return new BuildContext(folder, ReadDockerfile(folder, path));
        }
        catch (InvalidDataException e)
        {
            Tree.Delete(folder);
            throw new EngineException(400, $"Error processing tar file: {e.Message}", e);
        }
        catch
        {
            Tree.Delete(folder);
            throw;
        }
    }

    public void Dispose() => Tree.Delete(_folder);

    /// <summary>Reads it, and takes away from the context what .dockerignore names of itself and of the Dockerfile.</summary>
    private static string ReadDockerfile(string folder, string path)
    {
        using var root = OpenRoot(folder);
        var clean = Clean(path);
        var text = ReadText(root, clean, DockerfileReader.MaxSize);
        if (text is null && path == BuildOptions.DefaultDockerfile)
        {
            clean = "dockerfile";
            text = ReadText(root, clean, DockerfileReader.MaxSize);
        }

        if (text is null)
        {
            throw EngineException.BadRequest($"Cannot locate specified Dockerfile: {path}");
        }

        if (text.Length == 0)
        {
            throw EngineException.BadRequest($"the Dockerfile ({path}) cannot be empty");
        }

        if (ReadText(root, ".dockerignore", IgnoreList.MaxSize) is { } ignored)
        {
            var list = IgnoreList.Parse(ignored);
            foreach (var name in new[] { ".dockerignore", clean }.Where(list.Excludes))
            {
                Remove(root, name);
            }
        }

        return text;
    }

    private static string Clean(string path)
    {
        try
        {
            return Encoding.UTF8.GetString(ArchivePath.Clean(Encoding.UTF8.GetBytes(path)));
        }
        catch (InvalidDataException)
        {
            throw EngineException.BadRequest($"forbidden path outside the build context: {path}");
        }
    }

    private static string? ReadText(SafeFileHandle root, string path, int limit)
    {
        using var file = OpenInRoot(root, Encoding.UTF8.GetBytes(path), O_NONBLOCK, out _);
        if (file is null || StatOf(file) is not { Kind: S_IFREG } stat)
        {
            return null;
        }

        if (stat.Size > (ulong)limit)
        {
            throw EngineException.BadRequest($"{path} has {stat.Size} bytes, {limit} are allowed");
        }

        var content = new byte[stat.Size];
        var count = 0;
        for (int read; count < content.Length && (read = Read(file, content.AsSpan(count), Encoding.UTF8.GetBytes(path))) > 0;)
        {
            count += read;
        }

        return Encoding.UTF8.GetString(content, 0, count);
    }

    private static void Remove(SafeFileHandle root, string path)
    {
        var (folderPath, name) = ArchivePath.Split(Encoding.UTF8.GetBytes(path));
        using var folder = OpenInRoot(root, folderPath, O_DIRECTORY, out _);
        if (folder is not null)
        {
            Tree.Delete(folder, name);
        }
    }
}
