using Swarm.Model;
using Swarm.Store.Replication;

namespace Swarm.Store.Tests;

/// <summary>
/// Golden/ holds what the first version wrote to its disk, from <see cref="GoldenRecords"/>: this version must read it for ever. A change of a format
/// adds files here and changes none.
/// </summary>
public sealed class OldFiles
{
    private const long Index = 41;

    [Fact]
    public void A_snapshot_of_the_first_version_loads() => AssertGolden(StoreSnapshot.Read(new MemoryStream(Golden("first.snapshot"))));

    [Fact]
    public void A_log_entry_of_the_first_version_applies()
    {
        var state = new StoreState("node1", 0);
        state.Apply(Index, 1, Golden("first.batch"));

        Assert.True(Assert.Single(state.TakeResults(Index)!).IsCommitted);
        AssertGolden(state.Tables.View);
    }

    [Fact]
    public void Whether_the_log_or_the_snapshot_of_the_first_version_was_read_the_replica_is_the_same()
    {
        var state = new StoreState("node1", 0);
        state.Apply(Index, 1, Golden("first.batch"));

        Assert.Equal(StoreDigest.Of(state.Tables.View), StoreDigest.Of(StoreSnapshot.Read(new MemoryStream(Golden("first.snapshot")))));
    }

    [Fact]
    public void Every_file_cut_short_is_refused()
    {
        var bytes = Golden("first.snapshot");
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.ThrowsAny<Exception>(() => StoreSnapshot.Read(new MemoryStream(bytes, 0, length)));
        }
    }

    private static byte[] Golden(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Golden", name));

    private static void AssertGolden(StoreView view)
    {
        Assert.Equal(Index, view.Index);
        foreach (var expected in GoldenRecords.All)
        {
            var found = view.Find(expected.Table, expected.Id);
            Assert.NotNull(found);
            Assert.Equal((Index, GoldenRecords.Time, GoldenRecords.Time), (found.Meta.Version, found.Meta.CreatedAt, found.Meta.UpdatedAt));
            Assert.Equal(Records.Encode(expected), Records.Encode(found));
            if (expected.UniqueName is { } name)
            {
                Assert.Same(found, view.FindByName(expected.Table, name));
            }
        }

        Assert.Equal("task1", Assert.Single(view.TasksOfService("service1")).Id);
        Assert.Equal("task1", Assert.Single(view.TasksOnNode("node1")).Id);
    }
}
