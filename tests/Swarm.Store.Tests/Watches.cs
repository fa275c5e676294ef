using Microsoft.Extensions.Time.Testing;
using Swarm.Model;
using Swarm.Store.Replication;

namespace Swarm.Store.Tests;

public sealed class Watches
{
    private readonly MemoryStore _store = new(new FakeTimeProvider());

    [Fact]
    public async Task A_watch_delivers_every_commit_after_its_start_once_and_in_order()
    {
        await CreateAsync("before");
        using var watch = _store.Watch();
        Assert.NotNull(watch.Start.Nodes.Find("before"));
        for (var i = 0; i < 100; i++)
        {
            await CreateAsync($"n{i:D2}");
        }

        for (var i = 0; i < 100; i++)
        {
            Assert.True(watch.Commits.TryRead(out var commit));
            var change = Assert.Single(commit.Changes);
            Assert.Equal((ChangeKind.Create, $"n{i:D2}"), (change.Kind, change.Object.Id));
            Assert.NotNull(commit.View.Nodes.Find($"n{i:D2}"));
        }

        Assert.False(watch.Commits.TryRead(out _));
    }

    [Fact]
    public async Task A_change_tells_what_was_before_and_what_is_now()
    {
        await CreateAsync("n1");
        using var watch = _store.Watch();
        var read = _store.View.Nodes.Find("n1")!;
        await _store.CommitAsync(new StoreTransaction().Update(read), CancellationToken.None);
        await _store.CommitAsync(new StoreTransaction().Delete(_store.View.Nodes.Find("n1")!), CancellationToken.None);
        Assert.True(watch.Commits.TryRead(out var update));
        Assert.Same(read, update.Changes[0].Old);
        Assert.NotNull(update.Changes[0].New);
        Assert.True(watch.Commits.TryRead(out var delete));
        Assert.Null(delete.Changes[0].New);
    }

    [Fact]
    public void The_transactions_of_one_entry_are_shown_together_and_told_one_by_one()
    {
        var tables = new ObjectTables();
        using var watch = tables.Watch();
        var results = tables.Apply(7, DateTimeOffset.UnixEpoch, [Creating("n1"), Creating("n1"), Creating("n2")]);
        Assert.Equal([CommitStatus.Committed, CommitStatus.Exists, CommitStatus.Committed], results.Select(result => result.Status));
        Assert.Equal((7, 2), (tables.View.Index, tables.View.Nodes.Count));
        Assert.True(watch.Commits.TryRead(out var first));
        Assert.Equal((7, 1), (first.View.Index, first.View.Nodes.Count));
        Assert.True(watch.Commits.TryRead(out var second));
        Assert.Same(tables.View, second.View);
        Assert.False(watch.Commits.TryRead(out _));
        tables.Apply(8, DateTimeOffset.UnixEpoch, [Creating("n2")]);
        Assert.Equal(8, tables.View.Index);
        Assert.False(watch.Commits.TryRead(out _));

        static LogTransaction Creating(string id) => new() { Changes = [.. new StoreTransaction().Create(new Node { Id = id }).Changes] };
    }

    [Fact]
    public async Task A_refused_transaction_is_not_seen()
    {
        await CreateAsync("n1");
        using var watch = _store.Watch();
        Assert.Equal(CommitStatus.Exists, (await _store.CommitAsync(new StoreTransaction().Create(new Node { Id = "n1" }), CancellationToken.None)).Status);
        Assert.False(watch.Commits.TryRead(out _));
    }

    [Fact]
    public async Task A_reader_that_falls_behind_is_told_to_start_over()
    {
        using var watch = _store.Watch();
        for (var i = 0; i <= StoreWatch.Capacity; i++)
        {
            await CreateAsync($"n{i}");
        }

        var read = 0;
        while (watch.Commits.TryRead(out _))
        {
            read++;
        }

        Assert.Equal(StoreWatch.Capacity, read);
        await Assert.ThrowsAsync<WatchLaggedException>(() => watch.Commits.Completion);
    }

    [Fact]
    public async Task A_disposed_watch_gets_nothing_more()
    {
        var watch = _store.Watch();
        watch.Dispose();
        await CreateAsync("n1");
        Assert.False(watch.Commits.TryRead(out _));
    }

    private Task CreateAsync(string id) => _store.CommitAsync(new StoreTransaction().Create(new Node { Id = id }), CancellationToken.None);
}
