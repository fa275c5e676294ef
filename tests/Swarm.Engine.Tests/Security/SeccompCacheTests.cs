using System.Collections.Concurrent;
using Swarm.Engine.Runtime;
using Swarm.Engine.Tests.Layers;

namespace Swarm.Engine.Tests.Security;

public sealed class SeccompCacheTests : IDisposable
{
    private const int Starts = 8;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// A second container's start used to be lost over it, and its task stood in "starting" for ever. Taken out: without the lock, two that write the
    /// one file fail at each other's temporary.
    /// </summary>
    [Fact]
    public void The_first_containers_of_a_node_may_all_bring_the_same_filter_at_once()
    {
        byte[] filter = [1, 2, 3];
        File.WriteAllBytes(Path.Combine(_folder.Make("state/c1"), "seccomp.bpf"), filter);
        var kept = _folder["kept"];
        for (var round = 0; round < 50; round++)
        {
            var told = new ConcurrentQueue<IOException>();
            var cache = new SeccompCache(kept, _folder["state"], told.Enqueue);
            var key = $"round{round}";
            using var start = new Barrier(Starts);
            var threads = Enumerable.Range(0, Starts).Select(_ => new Thread(() =>
            {
                start.SignalAndWait();
                cache.Harvest(key, "c1");
            })).ToList();
            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join());
            Assert.Empty(told);
            Assert.Equal(filter, File.ReadAllBytes(Path.Combine(kept, key + ".bpf")));
        }
    }

    [Fact]
    public void A_filter_that_cannot_be_kept_is_told_and_nothing_else()
    {
        File.WriteAllBytes(Path.Combine(_folder.Make("state/c1"), "seccomp.bpf"), [1]);
        File.WriteAllText(_folder["kept"], "a file where the folder should be");
        var told = new List<IOException>();
        new SeccompCache(_folder["kept"], _folder["state"], told.Add).Harvest("key", "c1");
        Assert.Single(told);
    }
}
