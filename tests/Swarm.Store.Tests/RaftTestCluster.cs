using Swarm.Store.Consensus.Raft;
using Swarm.Store.Replication;

namespace Swarm.Store.Tests;

internal sealed class RaftTestCluster : TestCluster
{
    private readonly string _root = Directory.CreateTempSubdirectory("swarm-store-").FullName;
    private readonly Dictionary<string, RaftNode> _nodes = [];
    private readonly Dictionary<string, TestDisk> _disks = [];
    private readonly Func<RaftOptions, RaftOptions> _configure;

    private RaftTestCluster(Func<RaftOptions, RaftOptions> configure) => _configure = configure;

    internal Network Network { get; } = new();

    internal override IReadOnlyDictionary<string, ReplicatedStore> Up => _nodes.ToDictionary(node => node.Key, node => node.Value.Store);

    internal static async Task<RaftTestCluster> FoundAsync(string id, Func<RaftOptions, RaftOptions>? configure = null)
    {
        var cluster = new RaftTestCluster(configure ?? (options => options));
        await cluster.StartAsync(id, RaftBootstrap.Found);
        return cluster;
    }

    internal string DirectoryOf(string id) => Path.Combine(_root, id);

    internal override Task StartEmptyAsync(string id) => StartAsync(id, RaftBootstrap.Join);

    internal override async Task StopAsync(string id)
    {
        Network.Detach(id);
        _nodes.Remove(id, out var node);
        await node!.DisposeAsync();
    }

    internal override Task RestartAsync(string id) => StartAsync(id, RaftBootstrap.Join);

    /// <summary>Also before the node is started.</summary>
    internal TestDisk DiskOf(string id) => _disks.TryGetValue(id, out var disk) ? disk : _disks[id] = new TestDisk();

    internal RaftConsensus Raft(string id) => _nodes[id].Consensus;

    internal Task RecoverAsync(string id) => StartAsync(id, RaftBootstrap.Recover);

    internal override void Isolate(string id) => Network.Isolate(id, _nodes.Keys);

    internal override void Heal() => Network.Heal();

    protected override Task StepAsync() => Task.Delay(5);

    public override async ValueTask DisposeAsync()
    {
        Network.Heal();
        foreach (var id in _nodes.Keys.ToArray())
        {
            await StopAsync(id);
        }

        Directory.Delete(_root, recursive: true);
    }

    private async Task StartAsync(string id, RaftBootstrap bootstrap) =>
        _nodes[id] = await RaftNode.StartAsync(Network, id, DirectoryOf(id), bootstrap, _configure, DiskOf(id));
}
