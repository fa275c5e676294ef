using System.Collections.Immutable;
using Swarm.Model;
using Swarm.Store.Replication;

namespace Swarm.Store;

/// <summary>
/// The tables and their watchers: applies transactions one after another, each whole or not at all, the same way on every replica.
/// What decides the order of the transactions is the consensus room.
/// </summary>
internal sealed class ObjectTables
{
    private readonly Lock _watchersLock = new();
    private ImmutableArray<StoreWatch> _watchers = [];
    private volatile StoreView _view = StoreView.Empty;

    internal StoreView View => _view;

    /// <summary>Applies one transaction; the index moves only if it commits. Called by one thread at a time.</summary>
    internal CommitResult Apply(long index, DateTimeOffset time, IReadOnlyList<StoredChange> changes)
    {
        var (result, commit) = Apply(_view, index, time, changes);
        if (commit is not null)
        {
            Publish(commit.View, [commit]);
        }

        return result;
    }

    /// <summary>
    /// Applies the transactions of the entry at <paramref name="index"/>, each by itself. Readers see the entry whole, and a watcher that waits is woken once
    /// for all of it. Called by one thread at a time.
    /// </summary>
    internal CommitResult[] Apply(long index, DateTimeOffset time, ImmutableArray<LogTransaction> transactions)
    {
        var view = _view;
        var results = new CommitResult[transactions.Length];
        var commits = new List<StoreCommit>(transactions.Length);
        for (var i = 0; i < results.Length; i++)
        {
            (results[i], var commit) = Apply(view, index, time, transactions[i].Changes);
            if (commit is not null)
            {
                commits.Add(commit);
                view = commit.View;
            }
        }

        // Also past an entry that changed nothing.
        Publish(view.Index < index ? view with { Index = index } : view, commits);
        return results;
    }

    private static (CommitResult Result, StoreCommit? Commit) Apply(StoreView view, long index, DateTimeOffset time, IReadOnlyList<StoredChange> changes)
    {
        var applied = ImmutableArray.CreateBuilder<StoreChange>(changes.Count);
        var made = new StoreView.Editor(view);
        foreach (var change in changes)
        {
            var old = made.Find(change.Table, change.Id);
            var row = Row(change, index, old?.Meta.CreatedAt ?? time, time);
            if (Refusal(made, change, old, row) is { } refusal)
            {
                return (new CommitResult(refusal, 0, change.Id), null);
            }

            IStoreObject? record = null;
            if (row is { } written)
            {
                (_, record, var body) = Records.Decode(written, old);
                made.Set(record, old, written.Name, body);
            }
            else
            {
                made.Remove(old!);
            }

            applied.Add(new StoreChange(change.Kind, change.Table, old, record));
        }

        return (new CommitResult(CommitStatus.Committed, index, null), new StoreCommit(made.Build(index), applied.MoveToImmutable()));
    }

    internal void Restore(StoreView view)
    {
        lock (_watchersLock)
        {
            _view = view;
            foreach (var watcher in _watchers)
            {
                watcher.Lag();
            }
        }
    }

    internal StoreWatch Watch()
    {
        lock (_watchersLock)
        {
            var watch = new StoreWatch(_view, Unwatch);
            _watchers = _watchers.Add(watch);
            return watch;
        }
    }

    private void Unwatch(StoreWatch watch)
    {
        lock (_watchersLock)
        {
            _watchers = _watchers.Remove(watch);
        }
    }

    private void Publish(StoreView view, List<StoreCommit> commits)
    {
        lock (_watchersLock)
        {
            _view = view;
            foreach (var watcher in _watchers)
            {
                foreach (var commit in commits)
                {
                    watcher.Deliver(commit);
                }
            }
        }
    }

    /// <summary>What the change writes; null for a delete.</summary>
    /// <exception cref="InvalidDataException">A kind of change of a newer version: to guess what it means would part this replica from the others.</exception>
    private static StoredRow? Row(StoredChange change, long index, DateTimeOffset createdAt, DateTimeOffset updatedAt)
    {
        switch (change.Kind)
        {
            case ChangeKind.Delete:
                return null;
            case ChangeKind.Create or ChangeKind.Update:
                var row = change.CarriesName
                    ? new StoredRow { Table = change.Table, Id = change.Id, Name = change.Name, Body = change.Body }
                    : Records.FromFirstVersion(change.Table, change.Body);
                return row with { Version = index, CreatedAt = createdAt, UpdatedAt = updatedAt };
            default:
                throw new InvalidDataException($"the log holds a change of kind {(byte)change.Kind}: a newer version wrote it, and this one is too old to follow");
        }
    }

    private static CommitStatus? Refusal(StoreView.Editor made, StoredChange change, IStoreObject? old, StoredRow? row)
    {
        if (change.Kind == ChangeKind.Create ? old is not null : old is null || old.Meta.Version != change.ReadVersion)
        {
            return change.Kind == ChangeKind.Create ? CommitStatus.Exists : CommitStatus.Conflict;
        }

        return row is { Name: { } name } && made.FindByName(change.Table, name) is { } holder && holder.Id != change.Id ? CommitStatus.NameTaken : null;
    }
}
