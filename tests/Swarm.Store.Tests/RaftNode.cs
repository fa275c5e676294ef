using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Store.Consensus;
using Swarm.Store.Consensus.Raft;
using Swarm.Store.Replication;

namespace Swarm.Store.Tests;

/// <summary>A manager's store on real Raft, in a folder of its own.</summary>
internal sealed class RaftNode : IAsyncDisposable
{
    private RaftNode(string id, string directory, ReplicatedStore store)
    {
        Id = id;
        Directory = directory;
        Store = store;
    }

    internal string Id { get; }
    internal string Directory { get; }
    internal ReplicatedStore Store { get; }

    internal static async Task<RaftNode> StartAsync(
        Network network, string id, string directory, RaftBootstrap bootstrap, Func<RaftOptions, RaftOptions>? configure = null)
    {
        var options = new RaftOptions { Directory = directory, NodeId = id, Bootstrap = bootstrap };
        options = configure?.Invoke(options) ?? options;
        var transport = network.For(id);
        var store = new ReplicatedStore(
            id, state => new RaftConsensus(options, state, transport, TimeProvider.System, NullLoggerFactory.Instance), transport, TimeProvider.System);
        var node = new RaftNode(id, directory, store);
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
}
