using System.Globalization;
using System.Security.Cryptography;
using Swarm.Engine.Archives;
using Swarm.Engine.Layers;
using Swarm.Engine.Tests.Archives;
using Swarm.Engine.Tests.Layers;
using Swarm.Registry;

namespace Swarm.Engine.Tests.Images;

/// <summary>Registries that lie or break, and clients that leave: nothing comes of it, and nothing stays.</summary>
public sealed class HostileRegistryTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Layer_that_is_not_what_the_configuration_says_leaves_nothing()
    {
        using var room = await ImageRoom.OpenAsync();
        var image = FalseImage.Of([Tar.Of(Tar.File("a", "x")).ToArray()], [Digest.Of("something else"u8).ToString()]);
        Assert.Contains("the image's configuration says", await RefusedAsync(room, image), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Layer_that_ends_too_early_leaves_nothing()
    {
        using var room = await ImageRoom.OpenAsync();
        var whole = Tar.Of(Tar.File("a", new string('x', 100_000))).ToArray();
        var gzip = FalseImage.Gzip(whole);
        await RefusedAsync(room, FalseImage.OfBlobs([gzip[..(gzip.Length / 2)]], [Digest.Of(whole).ToString()]));
        await RefusedAsync(room, FalseImage.OfBlobs([FalseImage.Gzip(whole[..50_000])], [Digest.Of(whole[..50_000]).ToString()]));
    }

    [Theory]
    [InlineData("../escaped")]
    [InlineData("a/../../escaped")]
    public async Task Layer_that_climbs_out_is_refused(string name)
    {
        using var room = await ImageRoom.OpenAsync();
        await RefusedAsync(room, FalseImage.Of([Tar.Of(Tar.File(name, "x")).ToArray()]));
        Assert.Empty(Directory.EnumerateFiles(room.Folder["data"], "escaped", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Link_of_one_layer_leads_no_other_layer_out()
    {
        using var room = await ImageRoom.OpenAsync();
        var outside = room.Folder["outside"];
        Directory.CreateDirectory(outside);
        var image = FalseImage.Of([Tar.Of(Tar.Link("a", outside)).ToArray(), Tar.Of(Tar.File("a/escaped", "x")).ToArray()]);
        using var registry = image.Serve();
        await room.Images.PullAsync($"{registry.Host}/a:1", null, null, default);
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Gigabytes_of_zeros_take_no_room(bool zstd)
    {
        const long size = 1L << 30;
        using var room = await ImageRoom.OpenAsync();
        var (blob, diffId) = Filled(size, size, 0, zstd);
        using var registry = FalseImage.OfBlobs([blob], [diffId]).Serve();

        var image = await room.Images.PullAsync($"{registry.Host}/a:1", null, null, default);

        var file = Directory.EnumerateFiles(room.Folder["data/layers"], "zeros", SearchOption.AllDirectories).Single();
        Assert.Equal(size, new FileInfo(file).Length);
        Assert.InRange(512 * long.Parse(Tar.Run("stat", "-c", "%b", file), CultureInfo.InvariantCulture), 0, 16 << 20);
        Assert.Equal(size, image.Size);
    }

    [Fact]
    public async Task Layer_that_would_fill_the_disk_is_refused_and_gone()
    {
        using var folder = new TemporaryFolder();
        const long Total = 10L << 30;
        var free = RoomOnDisk.Reserve(Total) + (12L << 20);
        var layers = new LayerStore(folder["layers"]) { Disk = _ => new DiskSpace(free -= 4L << 20, Total) };
        var noise = new byte[4 << 20];
        RandomNumberGenerator.Fill(noise);
        var layer = Tar.Of([.. Enumerable.Range(0, 4).Select(i => Tar.File($"{i}", Convert.ToHexString(noise)))]).ToArray();

        var error = await Assert.ThrowsAsync<IOException>(async () => await layers.UnpackAsync([], Digest.Of(layer), () => new MemoryStream(layer), default));

        Assert.StartsWith("no space left on device: ", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder["layers"]));
        free = long.MaxValue / 2;
        Assert.NotNull(await layers.UnpackAsync([], Digest.Of(layer), () => new MemoryStream(layer), default));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Layer_that_unpacks_to_more_than_the_disk_is_refused_in_time_and_the_disk_is_free_again(bool zstd)
    {
        // It says 20 GB and has a quarter, in a few MB that are downloaded whole.
        var (blob, diffId) = Filled(20L << 30, 256L << 20, 1, zstd);
        using var registry = FalseImage.OfBlobs([blob], [diffId]).Serve();
        var refusal = await RefusedForRoomAsync<EngineException>("128m", room => room.Images.PullAsync($"{registry.Host}/a:1", null, null, default));
        Assert.Equal(500, refusal.Status);
        Assert.StartsWith("no space left on device: ", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Blob_for_which_the_disk_has_no_room_is_not_even_asked_for()
    {
        var image = FalseImage.OfBlobs([RandomNumberGenerator.GetBytes(5 << 20)], [Digest.Of("never unpacked"u8).ToString()]);
        using var registry = image.Serve();
        var refusal = await RefusedForRoomAsync<EngineException>("4m", room => room.Images.PullAsync($"{registry.Host}/a:1", null, null, default));
        Assert.Equal(500, refusal.Status);
        Assert.StartsWith("no space left on device: 5 MiB of a download ", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(image.LayerDigests[0], image.Asked);
    }

    [Theory]
    [InlineData(20L << 30)]
    [InlineData(64L << 20)]
    public async Task Archive_that_unpacks_to_more_than_the_disk_is_not_loaded_and_nothing_of_it_stays(long size)
    {
        var (archive, _) = Filled(size, 64L << 20, 0, zstd: true);
        var refusal = await RefusedForRoomAsync<IOException>("32m", room => room.Images.LoadAsync(new MemoryStream(archive), default));
        Assert.StartsWith("no space left on device: ", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_pulls_at_once_share_the_work_and_one_may_leave()
    {
        using var room = await ImageRoom.OpenAsync();
        var image = FalseImage.Of([Tar.Of(Tar.File("a", "x")).ToArray()]);
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource();
        image.Before = async (digest, _) =>
        {
            if (digest == image.LayerDigests[0])
            {
                asked.TrySetResult();
                await goOn.Task;
            }
        };
        using var registry = image.Serve();
        using var leaving = new CancellationTokenSource();
        var waiting = 0;
        var bothWait = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Count(Swarm.Engine.Images.PullProgress step)
        {
            if (step.Status == "Pulling fs layer" && Interlocked.Increment(ref waiting) == 2)
            {
                bothWait.TrySetResult();
            }
        }

        var first = room.Images.PullAsync($"{registry.Host}/a:1", null, Count, leaving.Token);
        var second = room.Images.PullAsync($"{registry.Host}/b:1", null, Count, default);
        await Task.WhenAll(asked.Task, bothWait.Task).WaitAsync(Limit);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first).WaitAsync(Limit);
        goOn.SetResult();
        await second.WaitAsync(Limit);

        Assert.Single(image.Asked, digest => digest == image.LayerDigests[0]);
        Assert.Equal($"{registry.Host}/b:1", Assert.Single(Assert.Single(room.Images.List()).RepoTags));
    }

    [Fact]
    public async Task Client_that_leaves_ends_the_pull()
    {
        using var room = await ImageRoom.OpenAsync();
        var image = FalseImage.Of([Tar.Of(Tar.File("a", "x")).ToArray()]);
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var never = new TaskCompletionSource();
        image.Before = (digest, _) =>
        {
            if (digest != image.LayerDigests[0])
            {
                return Task.CompletedTask;
            }

            asked.TrySetResult();
            return never.Task;
        };
        using var registry = image.Serve();
        using var leaving = new CancellationTokenSource();
        var pull = room.Images.PullAsync($"{registry.Host}/a:1", null, null, leaving.Token);
        await asked.Task.WaitAsync(Limit);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pull).WaitAsync(Limit);
        Assert.Empty(room.Images.List());
        Assert.Empty(Directory.EnumerateFileSystemEntries(room.Folder["data/layers"]));

        image.Before = null;
        Assert.NotNull(await room.Images.PullAsync($"{registry.Host}/a:1", null, null, default));
    }

    [Fact]
    public async Task Unpacking_ends_when_the_last_who_wants_it_has_left()
    {
        using var folder = new TemporaryFolder();
        var layers = new LayerStore(folder["layers"]);
        var layer = Tar.Of(Tar.File("a", new string('x', 1_000_000))).ToArray();
        using var source = new SlowStream(layer);
        using var one = new CancellationTokenSource();
        using var other = new CancellationTokenSource();
        var first = layers.UnpackAsync([], Digest.Of(layer), () => source, one.Token);
        var second = layers.UnpackAsync([], Digest.Of(layer), () => throw new InvalidOperationException("unpacked twice"), other.Token);
        await source.Reading.WaitAsync(Limit);

        await one.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first).WaitAsync(Limit);
        Assert.False(second.IsCompleted);
        await other.CancelAsync().WaitAsync(Limit);
        source.GoOn();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second).WaitAsync(Limit);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder["layers"]));

        await layers.UnpackAsync([], Digest.Of(layer), () => new MemoryStream(layer), default).WaitAsync(Limit);
    }

    /// <summary>Pulls, is refused, and looks that nothing stayed; answers the refusal.</summary>
    private static async Task<string> RefusedAsync(ImageRoom room, FalseImage image)
    {
        using var registry = image.Serve();
        var error = await Assert.ThrowsAsync<EngineException>(() => room.Images.PullAsync($"{registry.Host}/a:1", null, null, default));
        Assert.Equal(500, error.Status);
        AssertNothingStays(room);
        return error.Message;
    }

    /// <summary>By a room on a disk of its own of so many bytes, of which nothing is taken in the end.</summary>
    private static async Task<TRefusal> RefusedForRoomAsync<TRefusal>(string bytes, Func<ImageRoom, Task> attempt)
        where TRefusal : Exception
    {
        using var folder = new TemporaryFolder();
        var disk = folder.Make("disk");
        Tar.Run("mount", "-t", "tmpfs", "-o", $"size={bytes}", "tmpfs", disk);
        try
        {
            using var room = await ImageRoom.OpenAsync(disk);
            var before = DiskSpace.Of(disk);
            var refusal = await Assert.ThrowsAsync<TRefusal>(() => attempt(room));
            AssertNothingStays(room);
            Assert.InRange(DiskSpace.Of(disk).Free, before.Free - (64 << 10), before.Total);
            return refusal;
        }
        finally
        {
            Tar.Run("umount", disk);
        }
    }

    private static void AssertNothingStays(ImageRoom room)
    {
        Assert.Empty(room.Images.List());
        Assert.Equal(0, room.Blobs);
        Assert.Empty(Directory.EnumerateFileSystemEntries(room.Data("layers")));
        Assert.Empty(Directory.EnumerateFileSystemEntries(room.Data("blobs/ingest")));
    }

    /// <summary>An archive of one file of the same byte, compressed, and the digest of what it is plain.</summary>
    /// <param name="said">The file's size as its header says it.</param>
    private static (byte[] Blob, string DiffId) Filled(long said, long size, byte content, bool zstd)
    {
        using var blob = new MemoryStream();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using (Stream compressed = zstd ? new ZstdSharp.CompressionStream(blob, 1, leaveOpen: true) : new System.IO.Compression.GZipStream(blob, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
        {
            var writer = new TarWriter(new Tee(compressed, hash));
            writer.Write(new TarEntry { Type = TarEntryType.File, Name = "zeros"u8.ToArray(), Mode = 0x1A4, Size = said });
            var chunk = new byte[1 << 20];
            chunk.AsSpan().Fill(content);
            for (var left = size; left > 0; left -= chunk.Length)
            {
                writer.WriteContent(chunk);
            }

            if (said == size)
            {
                writer.Finish();
            }
        }

        return (blob.ToArray(), Digest.FromHash(hash.GetHashAndReset()).ToString());
    }

    private sealed class Tee(Stream output, IncrementalHash hash) : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            hash.AppendData(buffer);
            output.Write(buffer);
        }
    }

    /// <summary>Gives a little, and the rest when it is told to.</summary>
    private sealed class SlowStream(byte[] content) : ReadOnlyStream
    {
        private readonly MemoryStream _content = new(content);
        private readonly TaskCompletionSource _reading = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _goOn = new();

        public Task Reading => _reading.Task;

        public void GoOn() => _goOn.TrySetResult();

        public override int Read(Span<byte> buffer)
        {
            if (_content.Position > 0)
            {
                _reading.TrySetResult();
                _goOn.Task.Wait();
            }

            return _content.Read(buffer[..Math.Min(buffer.Length, 4096)]);
        }
    }
}
