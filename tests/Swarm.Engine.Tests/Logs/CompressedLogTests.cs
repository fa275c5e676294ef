using System.Text;
using Microsoft.Extensions.Time.Testing;
using Swarm.Engine.Logs;
using Swarm.Engine.Shim;
using Swarm.Engine.Tests.Containers;
using Swarm.Engine.Tests.Layers;

namespace Swarm.Engine.Tests.Logs;

public sealed class CompressedLogTests : IDisposable
{
    private const int Lines = 60, MaximumSize = 400, MaximumFiles = 4;
    private readonly TemporaryFolder _folder = new();

    private string LogPath => _folder["c-json.log"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Rotated_files_are_compressed_and_read_as_if_they_were_not()
    {
        Write();
        Assert.True(File.Exists(LogPath + ".3.gz") && File.Exists(LogPath + ".1.gz"));
        Assert.False(File.Exists(LogPath + ".4.gz") || File.Exists(LogPath + ".1") || File.Exists(LogPath + ".3"));
        var all = await ReadAsync(tail: null);
        Assert.Equal(Enumerable.Range(Lines - all.Count, all.Count).Select(i => $"line {i}\n"), all);
        Assert.Equal(all[^10..], await ReadAsync(tail: 10));
    }

    [Fact]
    public async Task A_compression_that_was_cut_off_leaves_the_whole_file_to_be_read()
    {
        Write();
        var all = await ReadAsync(tail: null);
        using (var gunzip = System.Diagnostics.Process.Start("gzip", ["-dk", LogPath + ".2.gz"]))
        {
            await gunzip.WaitForExitAsync();
        }

        await using (var cut = File.OpenWrite(LogPath + ".2.gz"))
        {
            cut.SetLength(20);
        }

        Assert.Equal(all, await ReadAsync(tail: null));
    }

    /// <summary>Each rotation waits for the compression before, as a log that is written slowly finds it.</summary>
    private void Write()
    {
        var compression = new LogCompression("/usr/bin/gzip");
        var log = new JsonFileLog(LogPath, MaximumSize, MaximumFiles, new FakeTimeProvider(), [], compression);
        log.Open();
        var splitter = new LineSplitter(log, ShimFrameKind.Stdout);
        for (var i = 0; i < Lines; i++)
        {
            splitter.Write(Encoding.UTF8.GetBytes($"line {i}\n"));
            log.FlushAndRotate();
            Assert.True(SpinWait.SpinUntil(() => !compression.IsRunning, EngineFixture.Deadline));
        }
    }

    private async Task<List<string>> ReadAsync(int? tail)
    {
        List<string> lines = [];
        await foreach (var line in new LogReader(LogPath, _folder["bundle"]).ReadAsync(new LogRequest(true, true, false, false, null, null, tail), CancellationToken.None))
        {
            lines.Add(Encoding.UTF8.GetString(line.Text.Span));
        }

        return lines;
    }
}
