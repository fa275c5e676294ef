using System.Threading.Channels;
using Swarm.Linux;
using Swarm.Store.Consensus.Raft.Disk;

namespace Swarm.Store.Consensus.Raft;

/// <summary>The loop that feeds what is committed to the state, and those who wait for it.</summary>
internal sealed class LogApplier(RaftLog log, LogMachine machine, MemberStorage members, DiskHealth health, long applied) : IAsyncDisposable
{
    private readonly Channel<bool> _wakeups = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly IndexWaiters _waiters = new();
    private readonly CancellationTokenSource _lifetime = new();
    private Task _loop = Task.CompletedTask;
    private long _applied = applied;

    internal long Index => Volatile.Read(ref _applied);

    internal void Start()
    {
        _waiters.Reach(Index);
        _loop = Task.Run(RunAsync, CancellationToken.None);
        Wake();
    }

    internal void Wake() => _wakeups.Writer.TryWrite(true);

    internal ValueTask WaitAsync(long index, CancellationToken cancellation) => _waiters.WaitAsync(index, cancellation);

    internal void Fail(Exception failure) => _waiters.Fail(failure);

    /// <summary>Nothing is applied until the result is disposed.</summary>
    internal async Task<IDisposable> StopAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        return new Standstill(_turn);
    }

    /// <summary>The state has become that of a snapshot; only while it stands still.</summary>
    internal void Skip(long index)
    {
        Volatile.Write(ref _applied, index);
        _waiters.Reach(index);
    }

    public async ValueTask DisposeAsync()
    {
        _wakeups.Writer.TryComplete();
        await _lifetime.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        _waiters.Fail(new ObjectDisposedException(nameof(RaftLog)));
        _turn.Dispose();
        _lifetime.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await foreach (var _ in _wakeups.Reader.ReadAllAsync(_lifetime.Token).ConfigureAwait(false))
            {
                while (Index < log.CommittedIndex)
                {
                    await ApplySomeAsync().ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (_lifetime.IsCancellationRequested)
        {
            // The end that was asked for.
        }
        catch (Exception e)
        {
            // What is committed cannot be applied: this replica would fall behind for ever.
            health.Break(e);
            _waiters.Fail(e);
        }
    }

    private async Task ApplySomeAsync()
    {
        await _turn.WaitAsync(_lifetime.Token).ConfigureAwait(false);
        try
        {
            foreach (var item in log.Read(Index + 1, log.CommittedIndex))
            {
                if (item.Kind == LogItemKind.Members)
                {
                    await SaveMembersAsync(item).ConfigureAwait(false);
                }

                machine.Apply(item);
                Volatile.Write(ref _applied, item.Index);
                _waiters.Reach(item.Index);
            }
        }
        finally
        {
            _turn.Release();
        }

        log.RememberCommit();
    }

    private async Task SaveMembersAsync(LogItem item)
    {
        while (true)
        {
            try
            {
                await members.SaveConfigurationAsync(new CoreEntry(item.Term, LogItemKind.Members, item.Content), item.Index, _lifetime.Token).ConfigureAwait(false);
                return;
            }
            catch (IOException e) when (LinuxError.IsNoSpace(e))
            {
                health.Full(e);
            }

            await health.MendedAsync(_lifetime.Token).ConfigureAwait(false);
        }
    }

    private sealed class Standstill(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
