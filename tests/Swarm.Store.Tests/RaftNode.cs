using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Store.Consensus;
using Swarm.Store.Consensus.Raft;
using Swarm.Store.Consensus.Raft.Disk;
using Swarm.Store.Replication;

namespace Swarm.Store.Tests;

/// <summary>A manager's store on real Raft, in a folder of its own.</summary>
internal sealed class RaftNode : IAsyncDisposable
{
    private RaftNode(string id, string directory, ReplicatedStore store, RaftConsensus consensus)
    {
        Id = id;
        Directory = directory;
        Store = store;
        Consensus = consensus;
    }

    internal string Id { get; }
    internal string Directory { get; }
    internal ReplicatedStore Store { get; }
    internal RaftConsensus Consensus { get; }

    internal static async Task<RaftNode> StartAsync(
        Network network, string id, string directory, RaftBootstrap bootstrap, Func<RaftOptions, RaftOptions>? configure = null, IRaftDisk? disk = null)
    {
        var options = new RaftOptions { Directory = directory, NodeId = id, Bootstrap = bootstrap, DataKeys = TestKeys.One };
        options = configure?.Invoke(options) ?? options;
        var transport = network.For(id);
        var loggers = Logs(id);
        RaftConsensus? consensus = null;
        var store = new ReplicatedStore(
            id, state => consensus = new RaftConsensus(options, state, transport, TimeProvider.System, loggers, disk ?? LinuxDisk.Instance), transport, TimeProvider.System);
        var node = new RaftNode(id, directory, store, consensus!);
        try
        {
            await store.StartAsync(CancellationToken.None);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }

        network.Attach(id, store);
        return node;
    }

    public ValueTask DisposeAsync() => Store.DisposeAsync();

    /// <summary>SWARM_TEST_LOG=path appends what the nodes log, for the hunt after a failure.</summary>
    private static ILoggerFactory Logs(string id) => Environment.GetEnvironmentVariable("SWARM_TEST_LOG") is { } path
        ? LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(new FileLog(path, id)))
        : NullLoggerFactory.Instance;

    private sealed class FileLog(string path, string id) : ILoggerProvider, ILogger
    {
        private static readonly Lock Writing = new();

        public ILogger CreateLogger(string category) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel level) => true;

        public void Log<TState>(LogLevel level, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> format)
        {
            lock (Writing)
            {
                File.AppendAllText(path, $"{DateTime.UtcNow:HH:mm:ss.fff} {id} {level} {format(state, exception)} {exception}\n");
            }
        }

        public void Dispose()
        {
        }
    }
}
