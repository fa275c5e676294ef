using Swarm.Engine.Build;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Layers;
using Swarm.Engine.Shim;

namespace Swarm.Daemon;

/// <summary>The containers of a build's RUN steps, by the node's own container engine.</summary>
internal sealed class BuildContainers(ContainerEngine engine, RootfsStore rootfs) : IBuildContainers
{
    /// <summary>Tells a container that a killed daemon's build left behind from a user's.</summary>
    private const string Label = "com.swarm.build-step";

    /// <summary>Removes what builds of a daemon that was killed left behind.</summary>
    public async Task CleanUpAsync(CancellationToken cancellation)
    {
        foreach (var container in engine.Containers.Where(container => container.Record.Config.Labels?.ContainsKey(Label) == true).ToList())
        {
            await engine.RemoveAsync(container, force: true, removeVolumes: true, cancellation);
        }
    }

    public async Task<IBuildContainer> CreateAsync(ContainerCreateRequest request, CancellationToken cancellation)
    {
        var labelled = request with { Labels = new Dictionary<string, string>(request.Labels ?? []) { [Label] = "" } };
        return new Step(engine, rootfs, await engine.CreateAsync("", labelled, cancellation));
    }

    private sealed class Step(ContainerEngine engine, RootfsStore rootfs, Container container) : IBuildContainer
    {
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
