using System.IO.Compression;
using Microsoft.Win32.SafeHandles;
using Swarm.Engine.Shim;
using Swarm.Linux;

namespace Swarm.Engine.Logs;

/// <summary>One file of a log, held open: it stays readable when it is rotated away.</summary>
internal sealed class LogFile : IDisposable
{
    private readonly Lazy<SafeFileHandle> _content;
    private readonly SafeFileHandle _file;

    private LogFile(string path, FileIdentity identity, SafeFileHandle file, bool isCompressed)
    {
        (Path, Identity, _file) = (path, identity, file);
        _content = new Lazy<SafeFileHandle>(() => isCompressed ? Decompress(file, System.IO.Path.GetDirectoryName(path)!) : file);
    }

    public string Path { get; }

    public FileIdentity Identity { get; }

    /// <summary>What was logged. A compressed file is decompressed when it is first asked for.</summary>
    /// <exception cref="IOException">The disk has no room for it.</exception>
    public SafeFileHandle Content => _content.Value;

    /// <summary>Beside a whole file its gzip is one that was not finished. Null: there is neither.</summary>
    public static LogFile? Open(string path) => Open(path, isCompressed: false) ?? Open(path + LogCompression.Extension, isCompressed: true);

    public void Dispose()
    {
        if (_content.IsValueCreated)
        {
            _content.Value.Dispose();
        }

        _file.Dispose();
    }

    private static LogFile? Open(string path, bool isCompressed)
    {
        try
        {
            var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return FileIdentity.Of($"/proc/self/fd/{file.DangerousGetHandle()}") is { } identity ? new LogFile(path, identity, file, isCompressed) : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Into a file without a name, which is gone with its handle. A gzip that breaks off is read as far as it goes, as a log is after a power cut.</summary>
    private static SafeFileHandle Decompress(SafeFileHandle compressed, string folder)
    {
        var content = new SafeFileHandle(FileDescriptors.Open(folder, FileDescriptors.ReadWrite | FileDescriptors.Unnamed, mode: 0x180), ownsHandle: true);
        using var input = new GZipStream(new FileStream(compressed, FileAccess.Read), CompressionMode.Decompress);
        var buffer = new byte[128 * 1024];
        long length = 0;
        try
        {
            for (int count; (count = input.Read(buffer)) > 0; length += count)
            {
                RandomAccess.Write(content, buffer.AsSpan(0, count), length);
            }
        }
        catch (InvalidDataException)
        {
            return content;
        }
        catch
        {
            content.Dispose();
            throw;
        }

        return content;
    }
}
