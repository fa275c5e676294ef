using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Dispatch;
using Swarm.Store;

namespace Swarm.Manager.Dispatch;

/// <summary>Writes reported statuses: while one commit is in flight the next batch gathers, so that a lone report waits for nothing.</summary>
internal sealed partial class StatusWriter(IObjectStore store, ILogger logger)
{
    /// <summary>Reports that wait; more make their callers wait.</summary>
    private const int MaxWaiting = 1024;

    /// <summary>Commits of one batch that may be refused before its callers are told to try again.</summary>
    private const int MaxAttempts = 32;

    private readonly Channel<Report> _reports = Channel.CreateBounded<Report>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });

    /// <summary>Returns once the statuses are in the store, or were not to be written.</summary>
    /// <exception cref="RpcFault"><see cref="RpcStatus.Unavailable"/>: report again.</exception>
    internal async Task WriteAsync(string nodeId, IReadOnlyCollection<TaskStatusUpdate> updates, CancellationToken cancellation)
    {
        foreach (var part in updates.Chunk(StoreTransaction.MaxChanges))
        {
            var report = new Report(nodeId, part);
            if (!_reports.Writer.TryWrite(report))
            {
                await QueueAsync(report, cancellation);
            }

            await report.Done.Task.WaitAsync(cancellation);

            // The writer completes its callers in place: what they do next is not its affair.
            await Task.Yield();
        }
    }

    internal async Task RunAsync(CancellationToken cancellation)
    {
        var batch = new List<Report>();
        try
        {
            while (await _reports.Reader.WaitToReadAsync(cancellation))
            {
                var changes = 0;
                while (_reports.Reader.TryPeek(out var next) && (batch.Count == 0 || changes + next.Updates.Length <= StoreTransaction.MaxChanges))
                {
                    _reports.Reader.TryRead(out _);
                    batch.Add(next);
                    changes += next.Updates.Length;
                }

                await WriteAsync(batch, cancellation);
                batch.Clear();
            }
        }
        finally
        {
            _reports.Writer.TryComplete();
            while (_reports.Reader.TryRead(out var left))
            {
                batch.Add(left);
            }

            Fail(batch);
        }
    }

    private async Task QueueAsync(Report report, CancellationToken cancellation)
    {
        try
        {
            await _reports.Writer.WriteAsync(report, cancellation);
        }
        catch (ChannelClosedException)
        {
            throw new RpcFault(RpcStatus.NotLeader, "this node does not lead the swarm any more");
        }
    }

    private async Task WriteAsync(List<Report> batch, CancellationToken cancellation)
    {
        var limit = StoreTransaction.MaxChanges;
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var transaction = new StoreTransaction();
            var isWhole = Fill(transaction, batch, limit);
            if (transaction.Count == 0)
            {
                Complete(batch);
                return;
            }

            var result = await store.CommitAsync(transaction, cancellation);
            switch (result.Status)
            {
                case CommitStatus.Committed when isWhole:
                    Complete(batch);
                    return;
                case CommitStatus.Committed:
                    attempt = -1;
                    break;
                case CommitStatus.TooLarge when transaction.Count > 1:
                    limit = transaction.Count / 2;
                    break;
                case CommitStatus.Conflict:
                    break;
                default:
                    LogNotWritten(result.Status, transaction.Count);
                    Fail(batch);
                    return;
            }
        }

        LogNotWritten(CommitStatus.Conflict, batch.Count);
        Fail(batch);
    }

    /// <summary>The latest report of each task, as far as it is news for the newest view. Answers whether all fitted.</summary>
    private bool Fill(StoreTransaction transaction, List<Report> batch, int limit)
    {
        var view = store.View;
        var tasks = new Dictionary<string, SwarmTask>(StringComparer.Ordinal);
        foreach (var report in batch)
        {
            foreach (var update in report.Updates)
            {
                var known = tasks.GetValueOrDefault(update.TaskId) ?? view.Tasks.Find(update.TaskId);
                if (StatusRules.Apply(known, report.NodeId, update.Status) is { } updated)
                {
                    tasks[update.TaskId] = updated;
                }
            }
        }

        foreach (var task in tasks.Values.Take(limit))
        {
            transaction.Update(task);
        }

        return tasks.Count <= limit;
    }

    private static void Complete(List<Report> batch)
    {
        foreach (var report in batch)
        {
            report.Done.TrySetResult();
        }
    }

    private static void Fail(List<Report> batch)
    {
        foreach (var report in batch)
        {
            report.Done.TrySetException(new RpcFault(RpcStatus.Unavailable, "the statuses could not be written: report them again"));
        }
    }

    private sealed record Report(string NodeId, TaskStatusUpdate[] Updates)
    {
        internal TaskCompletionSource Done { get; } = new();
    }
}
