using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Swarm.Engine.Archives;

namespace Swarm.Engine.Tests.Archives;

/// <summary>Archives for tests.</summary>
internal static partial class Tar
{
    private const int AT_FDCWD = -100;
    private const uint RENAME_EXCHANGE = 2;

    public static TarEntry File(string name, string content = "") => new()
    {
        Type = TarEntryType.File,
        Name = Encoding.UTF8.GetBytes(name),
        Mode = 0x1A4,
        Size = Encoding.UTF8.GetByteCount(content),
        LinkName = Encoding.UTF8.GetBytes(content),
    };

    public static TarEntry Folder(string name, int mode = 0x1ED) =>
        new() { Type = TarEntryType.Directory, Name = Encoding.UTF8.GetBytes(name), Mode = mode };

    public static TarEntry Link(string name, string target) =>
        new() { Type = TarEntryType.SymbolicLink, Name = Encoding.UTF8.GetBytes(name), LinkName = Encoding.UTF8.GetBytes(target), Mode = 0x1FF };

    public static TarEntry HardLink(string name, string target) =>
        new() { Type = TarEntryType.HardLink, Name = Encoding.UTF8.GetBytes(name), LinkName = Encoding.UTF8.GetBytes(target), Mode = 0x1A4 };

    /// <summary>Files carry their content in LinkName.</summary>
    public static MemoryStream Of(params TarEntry[] entries)
    {
        var stream = new MemoryStream();
        var writer = new TarWriter(stream);
        foreach (var entry in entries)
        {
            if (entry.Type == TarEntryType.File)
            {
                writer.Write(entry with { LinkName = [] }, entry.LinkName);
            }
            else
            {
                writer.Write(entry);
            }
        }

        writer.Finish();
        stream.Position = 0;
        return stream;
    }

    public static List<TarEntry> Read(Stream stream)
    {
        var reader = new TarReader(stream);
        var entries = new List<TarEntry>();
        while (reader.Next() is { } entry)
        {
            entries.Add(entry);
        }

        return entries;
    }

    /// <summary>Runs a tool of the machine and answers what it printed.</summary>
    public static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {error.Result}");
        return output;
    }

    /// <summary>Swaps two names at once: renameat2(2).</summary>
    public static void Exchange(string left, string right) => renameat2(AT_FDCWD, left, AT_FDCWD, right, RENAME_EXCHANGE);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int renameat2(int leftFolder, string left, int rightFolder, string right, uint flags);
}
