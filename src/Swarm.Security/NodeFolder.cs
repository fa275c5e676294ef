using Swarm.Linux;

namespace Swarm.Security;

/// <summary>A folder (0700) of small files that this node must not lose: each is whole, old or new, after a crash.</summary>
public sealed class NodeFolder
{
    /// <summary>Largest file read back, bytes.</summary>
    public const int MaxFileSize = 4 << 20;

    private readonly string _path;

    public NodeFolder(string path)
    {
        _path = path;
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <returns>Null if there is no such file.</returns>
    /// <exception cref="IOException">The file cannot be read or is larger than <see cref="MaxFileSize"/>.</exception>
    public byte[]? Read(string name)
    {
        var file = new FileInfo(Path.Combine(_path, name));
        if (!file.Exists)
        {
            return null;
        }

        return file.Length <= MaxFileSize ? File.ReadAllBytes(file.FullName) : throw new IOException($"{file.FullName} is larger than {MaxFileSize} bytes");
    }

    /// <summary>Where a test looks at what a crash would leave: called with the file's name after each durable write.</summary>
    internal Action<string>? Written { get; set; }

    /// <summary>Replaces a file (0600); returns once it is durable.</summary>
    /// <exception cref="IOException">It could not be made durable.</exception>
    public void Write(string name, ReadOnlySpan<byte> content)
    {
        DurableFile.Write(Path.Combine(_path, name), content);
        Written?.Invoke(name);
    }
}
