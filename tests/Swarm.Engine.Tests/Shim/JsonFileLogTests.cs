using System.Text;
using System.Text.Json;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Swarm.Engine.Logs;
using Swarm.Engine.Shim;
using Swarm.Engine.Tests.Archives;
using Swarm.Engine.Tests.Containers;

namespace Swarm.Engine.Tests.Shim;

public sealed class JsonFileLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("engine-log").FullName;

    private string LogPath => Path.Combine(_folder, "c-json.log");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_line_is_one_record_with_its_line_end()
    {
        Write([Encoding.UTF8.GetBytes("one\ntwo\n")]);
        Assert.Equal(["one\n", "two\n"], Records());
    }

    [Fact]
    public void A_line_that_comes_in_pieces_is_one_record()
    {
        Write([Encoding.UTF8.GetBytes("he"), Encoding.UTF8.GetBytes("llo\nrest")]);
        Assert.Equal(["hello\n", "rest"], Records());
    }

    [Fact]
    public void A_line_longer_than_16_KB_is_cut_into_records_without_line_end()
    {
        var text = new string('x', LineSplitter.MaximumLine + 5) + "\n";
        Write([Encoding.UTF8.GetBytes(text)]);
        Assert.Equal([new string('x', LineSplitter.MaximumLine), "xxxxx\n"], Records());
    }

    [Fact]
    public void A_line_of_exactly_16_KB_is_one_record()
    {
        var text = new string('x', LineSplitter.MaximumLine) + "\n";
        Write([Encoding.UTF8.GetBytes(text)]);
        Assert.Equal([text], Records());
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_become_replacement_characters()
    {
        Write([[(byte)'a', 0xff, (byte)'b', (byte)'\n']]);
        Assert.Equal(["a\ufffdb\n"], Records());
    }

    [Fact]
    public void Any_text_is_read_back_as_it_was_written() => Gen.String.Array[1, 20].Sample(
        texts =>
        {
            File.Delete(LogPath);
            var lines = texts.Select(t => string.Concat(t.Where(c => c != '\n' && !char.IsSurrogate(c)))).ToArray();
            Write([Encoding.UTF8.GetBytes(string.Concat(lines.Select(l => l + "\n")))]);
            Assert.Equal(lines.Select(l => l + "\n"), Records());
        },
        iter: 200,
        threads: 1); // all write the same file

    [Fact]
    public void Rotation_keeps_the_given_number_of_files_and_loses_none_of_the_newest_lines()
    {
        Write([.. Enumerable.Range(0, 20).Select(i => Encoding.UTF8.GetBytes($"line {i}\n"))], maximumSize: 200, maximumFiles: 3);
        Assert.True(File.Exists(LogPath + ".2"));
        Assert.False(File.Exists(LogPath + ".3"));
        var kept = new[] { LogPath + ".2", LogPath + ".1", LogPath }.SelectMany(ReadRecords).ToList();
        Assert.Equal(Enumerable.Range(20 - kept.Count, kept.Count).Select(i => $"line {i}\n"), kept);
    }

    [Fact]
    public void Attributes_are_in_each_record_however_many_fill_the_buffer()
    {
        var attributes = $$"""{"a":"{{new string('x', 10_000)}}"}""";
        Write([.. Enumerable.Range(0, 50).Select(i => Encoding.UTF8.GetBytes($"line {i}\n"))], attributes: attributes);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"line {i}\n"), Records());
        Assert.All(File.ReadAllLines(LogPath), line => Assert.Contains($"\"stream\":\"stdout\",\"attrs\":{attributes},\"time\"", line, StringComparison.Ordinal));
    }

    [RootFact]
    public void Records_that_a_full_disk_refuses_are_lost_whole_and_the_log_goes_on_when_there_is_room()
    {
        Tar.Run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", _folder);
        try
        {
            var log = new JsonFileLog(LogPath, 0, 1, new FakeTimeProvider(), []);
            log.Open();
            Add(log, [.. Enumerable.Range(0, 1000).Select(i => $"before {i}")]);
            Assert.Equal(64 << 10, new FileInfo(LogPath).Length);
            Add(log, [new string('\x01', LineSplitter.MaximumLine)]); // longer than the buffer: refused in pieces
            Tar.Run("mount", "-o", "remount,size=1m", _folder);
            Add(log, ["after 0", new string('\x01', LineSplitter.MaximumLine), "after 1"]);

            // Cut within a record, as a shim that ended while the disk was full leaves it.
            File.AppendAllText(LogPath, "{\"log\":\"cut");
            log = new JsonFileLog(LogPath, 0, 1, new FakeTimeProvider(), []);
            log.Open();
            Add(log, ["another run"]);

            using var file = new LogFileReader(File.OpenHandle(LogPath), 0);
            var read = new List<string>();
            while (file.TryRead(out var line))
            {
                read.Add(Encoding.UTF8.GetString(line.Text.Span));
            }

            var before = read.TakeWhile(text => text.StartsWith("before", StringComparison.Ordinal)).ToList();
            Assert.NotEmpty(before);
            Assert.Equal(Enumerable.Range(0, before.Count).Select(i => $"before {i}\n"), before);
            Assert.Equal(["after 0\n", new string('\x01', LineSplitter.MaximumLine) + "\n", "after 1\n", "another run\n"], read.Skip(before.Count));
        }
        finally
        {
            Tar.Run("umount", "-l", _folder); // the logs are still open: a shim closes its own by ending
        }

        static void Add(JsonFileLog log, IEnumerable<string> lines)
        {
            foreach (var line in lines)
            {
                log.Append(Encoding.UTF8.GetBytes(line), ended: true, ShimFrameKind.Stdout);
            }

            log.FlushAndRotate();
        }
    }

    private void Write(byte[][] pieces, long maximumSize = 0, int maximumFiles = 1, string attributes = "")
    {
        var log = new JsonFileLog(LogPath, maximumSize, maximumFiles, new FakeTimeProvider(), Encoding.UTF8.GetBytes(attributes));
        log.Open();
        var splitter = new LineSplitter(log, ShimFrameKind.Stdout);
        foreach (var piece in pieces)
        {
            splitter.Write(piece);
            log.FlushAndRotate();
        }

        splitter.Finish();
        log.FlushAndRotate();
    }

    private List<string> Records() => ReadRecords(LogPath);

    private static List<string> ReadRecords(string file) => [.. File.ReadLines(file).Select(line =>
    {
        using var record = JsonDocument.Parse(line);
        Assert.Equal("stdout", record.RootElement.GetProperty("stream").GetString());
        return record.RootElement.GetProperty("log").GetString()!;
    })];
}
