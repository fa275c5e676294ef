using Swarm.Model;
using Swarm.Store.Consensus.Raft;

namespace Swarm.Store.Tests;

public sealed class SingleManager : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("swarm-store-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Founds_a_cluster_and_keeps_what_it_committed_over_a_restart()
    {
        var network = new Network();
        await using (var node = await RaftNode.StartAsync(network, "one", _directory, RaftBootstrap.Found))
        {
            var result = await node.Store.CommitAsync(new StoreTransaction().Create(new Node { Id = "n1" }), CancellationToken.None);
            Assert.Equal(CommitStatus.Committed, result.Status);
            Assert.Equal(result.Index, node.Store.View.Nodes.Find("n1")!.Meta.Version);
        }

        await using var again = await RaftNode.StartAsync(network, "one", _directory, RaftBootstrap.Found);
        var view = await again.Store.ReadAsync(CancellationToken.None);
        Assert.NotNull(view.Nodes.Find("n1"));
    }
}
