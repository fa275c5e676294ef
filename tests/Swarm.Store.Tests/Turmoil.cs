using System.Collections.Concurrent;
using Swarm.Model;

namespace Swarm.Store.Tests;

/// <summary>Writers on every member while members are cut off, silenced, stopped and restarted: nothing acknowledged is lost, and all agree.</summary>
public sealed class Turmoil
{
    private static readonly string[] Ids = ["a", "b", "c", "d", "e"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Nothing_acknowledged_is_lost_and_every_replica_is_the_same(int seed)
    {
        var random = new Random(seed);
        await using var cluster = await RaftTestCluster.FoundAsync("a", options => options with { SnapshotEvery = 40, KeptBehindSnapshot = 10 });
        await cluster.LeaderAsync();
        await cluster.GrowAsync("b", "c", "d", "e");
        var acknowledged = new ConcurrentDictionary<string, long>();
        var refused = new ConcurrentBag<string>();
        for (var round = 0; round < 4; round++)
        {
            var down = Ids.Where(_ => random.Next(3) == 0).Take(2).ToArray();
            var fault = random.Next(3);
            foreach (var id in down)
            {
                switch (fault)
                {
                    case 0: cluster.Isolate(id); break;
                    case 1: cluster.Network.Silence(id); break;
                    default: await cluster.StopAsync(id); break;
                }
            }

            var writers = cluster.Up.SelectMany(node => Enumerable.Range(0, 6).Select(i => WriteAsync(node.Value, $"r{round}-{node.Key}{i}"))).ToArray();
            await cluster.Run(Task.WhenAll(writers));
            cluster.Heal();
            foreach (var id in fault == 2 ? down : [])
            {
                await cluster.RestartAsync(id);
            }
        }

        var leader = await cluster.LeaderAsync();
        await ConsensusContract.CommitAsync(cluster, leader, "end");
        await cluster.Until(() => cluster.Up.Values.All(store => store.View.Nodes.Find("end") is not null));
        var expected = Content(cluster[leader].View);
        Assert.All(cluster.Up.Values, store => Assert.Equal(expected, Content(store.View)));
        Assert.All(acknowledged, write => Assert.Equal(write.Value, cluster[leader].View.Nodes.Find(write.Key)?.Meta.Version));
        Assert.All(refused, name => Assert.Null(cluster[leader].View.Nodes.Find(name)));
        Assert.NotEmpty(acknowledged);

        async Task WriteAsync(IObjectStore store, string name)
        {
            var result = await store.CommitAsync(new StoreTransaction().Create(new Node { Id = name }), CancellationToken.None);
            if (result.IsCommitted)
            {
                acknowledged[name] = result.Index;
            }
            else if (result.Status != CommitStatus.Unknown)
            {
                refused.Add(name);
            }
        }
    }

    private static string[] Content(StoreView view) => [.. view.Nodes.Select(node => $"{node.Id}@{node.Meta.Version}")];
}
