using Swarm.Engine.Build;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Layers;
using Swarm.Engine.Shim;

namespace Swarm.Daemon;

/// <summary>The containers of a build's RUN steps, by the node's own container engine.</summary>
/// <param name="folder">Has a file for each step in progress; what is left of a killed daemon's is removed at the next start.</param>
internal sealed class BuildContainers(ContainerEngine engine, RootfsStore rootfs, string folder) : IBuildContainers
{
    /// <summary>Which step a container is of: the name of its file.</summary>
    private const string Label = "com.swarm.build-step";

    /// <summary>Removes what builds of a daemon that was killed left behind.</summary>
    public async Task CleanUpAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        var steps = Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)!).ToHashSet();
        foreach (var container in engine.Containers
            .Where(container => container.Record.Config.Labels?.TryGetValue(Label, out var step) == true && steps.Contains(step)).ToList())
        {
            await engine.RemoveAsync(container, force: true, removeVolumes: true, cancellation);
        }

        foreach (var step in steps)
        {
            File.Delete(Path.Combine(folder, step));
        }
    }

    public async Task<IBuildContainer> CreateAsync(ContainerCreateRequest request, CancellationToken cancellation)
    {
        var step = Guid.NewGuid().ToString("N");
        var file = Path.Combine(folder, step);
        await File.WriteAllBytesAsync(file, [], cancellation);
        try
        {
            var labelled = request with { Labels = new Dictionary<string, string>(request.Labels ?? []) { [Label] = step } };
            return new Step(engine, rootfs, await engine.CreateAsync("", labelled, cancellation), file);
        }
        catch
        {
            File.Delete(file);
            throw;
        }
    }

    private sealed class Step(ContainerEngine engine, RootfsStore rootfs, Container container, string file) : IBuildContainer
    {
        /// <summary>From here on it is the user's: kept, or gone.</summary>
        public void Dispose() => File.Delete(file);

        public string Id => container.Id;

        public string Changes
        {
            get
            {
                rootfs.Unmount(container.Id);
                return rootfs.UpperPath(container.Id);
            }
        }

        public async Task<int> RunAsync(Func<bool, ReadOnlyMemory<byte>, ValueTask> output, CancellationToken cancellation)
        {
            var exit = container.NextExit;
            var session = await engine.AttachAsync(container, new AttachRequest(false, true, true, null), cancellation);
            using var frames = new FrameReceiver(output);
            var listening = session.RunAsync(frames, cancellation);
            await engine.StartAsync(container, cancellation);
            await listening;
            return (await exit.WaitAsync(cancellation)).ExitCode;
        }

        public async Task RemoveAsync()
        {
            if (engine.Find(container.Id) is not null)
            {
                await engine.RemoveAsync(container, force: true, removeVolumes: true, CancellationToken.None);
            }
        }
    }

    /// <summary>Takes the frames of an attachment apart; each write is a whole one.</summary>
    private sealed class FrameReceiver(Func<bool, ReadOnlyMemory<byte>, ValueTask> output) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var (kind, length) = ShimFrame.ReadHeader(buffer.Span);
            await output(kind == ShimFrameKind.Stderr, buffer.Slice(ShimFrame.HeaderSize, length));
        }

        public override int Read(byte[] buffer, int offset, int count) => 0;

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
