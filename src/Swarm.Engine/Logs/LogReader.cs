using System.Globalization;
using System.Runtime.CompilerServices;
using Swarm.Engine.Shim;
using Swarm.Linux;

namespace Swarm.Engine.Logs;

/// <summary>Reads a container's json-file log with its rotated files, and follows it: the shim says when there is more.</summary>
/// <param name="path">The newest file; older ones are path.1, path.2..., or path.1.gz, path.2.gz...</param>
/// <param name="bundle">Where the shim listens, if it runs.</param>
public sealed class LogReader(string path, string bundle)
{
    private const int MaximumFiles = 1000, TailBlock = 64 * 1024;

    /// <summary>The lines that are asked for, oldest first. With Follow it goes on until the container ends.</summary>
    public async IAsyncEnumerable<LogLine> ReadAsync(LogRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // Listening before reading: what is written in between is announced.
        using var shim = request.Follow ? await ShimConnection.ConnectAsync(bundle, ShimInterest.Log, cancellation).ConfigureAwait(false) : null;
        var (files, identity) = OpenAll();
        var skip = request.Tail is { } tail ? SkipTo(files, tail) : (File: 0, Position: 0L);
        LogFileReader? current = null;
        try
        {
            for (var i = 0; i < files.Count; i++)
            {
                if (i < skip.File)
                {
                    continue;
                }

                current?.Dispose();
                current = new LogFileReader(files[i].Content, i == skip.File ? skip.Position : 0);
                while (current.TryRead(out var line))
                {
                    if (IsOver(line, request))
                    {
                        yield break;
                    }

                    if (IsWanted(line, request))
                    {
                        yield return line;
                    }
                }
            }

            var more = shim is not null;
            while (more)
            {
                more = await shim!.ReadAsync(cancellation).ConfigureAwait(false) is not null;
                while (true)
                {
                    while (current is not null && current.TryRead(out var line))
                    {
                        if (IsOver(line, request))
                        {
                            yield break;
                        }

                        if (IsWanted(line, request))
                        {
                            yield return line;
                        }
                    }

                    // Read to its end, and the name leads elsewhere: it was rotated.
                    if (FileIdentity.Of(path) is not { } now || now == identity)
                    {
                        break;
                    }

                    current?.Dispose();
                    current = new LogFileReader(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), 0);
                    identity = now;
                }
            }
        }
        finally
        {
            current?.Dispose();
            files.ForEach(f => f.Dispose());
        }
    }

    private static bool IsWanted(LogLine line, LogRequest request) =>
        (line.IsStderr ? request.Stderr : request.Stdout) && (request.Since is null || line.Time >= request.Since);

    private static bool IsOver(LogLine line, LogRequest request) => request.Until is not null && line.Time > request.Until;

    /// <summary>Oldest first. The newest is opened first, so that one which is rotated meanwhile is met again, and passed over, rather than missed.</summary>
    private (List<LogFile> Files, FileIdentity? Newest) OpenAll()
    {
        List<LogFile> files = [];
        HashSet<FileIdentity> met = [];
        for (int number = 0, missing = 0; number < MaximumFiles && missing < 2; number++)
        {
            // One number is free for a moment while the files are renamed.
            var file = LogFile.Open(number == 0 ? path : path + "." + number.ToString(CultureInfo.InvariantCulture));
            missing = file is null && number > 0 ? missing + 1 : 0;
            if (file is not null && met.Add(file.Identity))
            {
                files.Insert(0, file);
            }
            else
            {
                file?.Dispose();
            }
        }

        return (files, files is [.., var newest] && newest.Path == path ? newest.Identity : null);
    }

    /// <summary>Where the last <paramref name="lines"/> lines begin, found from the end.</summary>
    private static (int File, long Position) SkipTo(List<LogFile> files, int lines)
    {
        var block = new byte[TailBlock];
        var found = 0L;
        for (var i = files.Count - 1; i >= 0; i--)
        {
            var end = RandomAccess.GetLength(files[i].Content);
            while (end > 0)
            {
                var size = (int)Math.Min(TailBlock, end);
                var count = RandomAccess.Read(files[i].Content, block.AsSpan(0, size), end - size);
                for (var k = count - 1; k >= 0; k--)
                {
                    // The line end that closes the wanted lines' predecessor: one more than wanted, since each line has its own.
                    if (block[k] == '\n' && ++found > lines)
                    {
                        return (i, end - size + k + 1);
                    }
                }

                end -= size;
            }
        }

        return (0, 0);
    }
}
