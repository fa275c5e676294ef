using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Swarm.Engine.Containers;
using Swarm.Engine.Tests.Archives;

namespace Swarm.Engine.Tests.Containers;

/// <summary>A state that found no room on the disk, on a file system of the containers' own.</summary>
public sealed class UnsavedStateTests
{
    // Guard: SaveAgainNow catches; without it the second failure ended the attempts, and the state never came to the disk.
    [RootFact]
    public async Task It_is_written_when_there_is_room_whatever_refused_it_in_between()
    {
        var (time, log) = (new FakeTimeProvider(DateTimeOffset.UtcNow), new HeardLog());
        await using var fixture = await EngineFixture.StartAsync(time: time, log: log);
        var folder = Path.Combine(fixture.Options.DataRoot, "containers");
        Tar.Run("mount", "-t", "tmpfs", "-o", "size=1m", "swarm-test", folder);
        try
        {
            var container = await fixture.RunAsync("sleep 1000");
            var filler = Path.Combine(folder, "filler");
            using (var file = File.Create(filler))
            {
                Assert.Throws<IOException>(() => file.Write(new byte[2 << 20]));
            }

            await fixture.Engine.KillAsync(container, "KILL", container.Id, CancellationToken.None);
            Assert.Equal(ContainerStatus.Exited, container.State.Status);
            await container.Run!.Gone;
            await log.HearAsync(4011, time);
            Assert.Equal(ContainerStatus.Running, StateOnDisk());
            Tar.Run("mount", "-o", "remount,ro", folder);
            await log.HearAsync(4012, time);
            Tar.Run("mount", "-o", "remount,rw", folder);
            File.Delete(filler);
            await EngineFixture.UntilAsync("the state is on the disk", () =>
            {
                time.Advance(TimeSpan.FromSeconds(5));
                return StateOnDisk() == ContainerStatus.Exited;
            });
            await fixture.Engine.RemoveAsync(container, force: true, removeVolumes: true, CancellationToken.None);
        }
        finally
        {
            Tar.Run("umount", "-l", folder);
        }

        ContainerStatus StateOnDisk() => Assert.Single(fixture.Store.Load()).State.Status;
    }

    /// <summary>The ids of what the engine logs.</summary>
    private sealed class HeardLog : ILogger<ContainerEngine>
    {
        private readonly Channel<int> _events = Channel.CreateUnbounded<int>();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _events.Writer.TryWrite(eventId.Id);

        /// <summary>Reads on, time going by, until one of this id.</summary>
        public Task HearAsync(int id, FakeTimeProvider time) => EngineFixture.UntilAsync($"event {id}", () =>
        {
            time.Advance(TimeSpan.FromSeconds(5));
            while (_events.Reader.TryRead(out var heard))
            {
                if (heard == id)
                {
                    return true;
                }
            }

            return false;
        });
    }
}
