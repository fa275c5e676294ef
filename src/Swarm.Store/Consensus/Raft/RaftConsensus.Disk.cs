using DotNext.Net.Cluster;
using DotNext.Net.Cluster.Consensus.Raft;
using Swarm.Store.Consensus.Raft.Disk;

namespace Swarm.Store.Consensus.Raft;

/// <summary>What the disk needs: new keys for what lies there, and an eye on whether it can be written.</summary>
public sealed partial class RaftConsensus
{
    /// <summary>What must fit on the disk before it counts as writable again, bytes: an entry of any size, and the beginning of a segment.</summary>
    private const int SpaceToMend = 4 << 20;

    /// <summary>
    /// Puts other data keys in place: what is written from the call on is under the first of them, and when it returns every file here opens with
    /// that one alone. A crash in between leaves each file under an old or the new key: keep both (new first) in
    /// <see cref="RaftOptions.DataKeys"/> until this has returned.
    /// </summary>
    /// <exception cref="ArgumentException">The keys are no keys; nothing was changed.</exception>
    /// <exception cref="IOException">A file could not be written; call it again.</exception>
    public async Task RewrapAsync(IReadOnlyList<ReadOnlyMemory<byte>> newKeys, CancellationToken cancellation)
    {
        _files.Keys.PutFirst(newKeys);

        // No snapshot of another manager may be on its way in under the old key.
        await _snapshotGate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            _download.Drop();
            await _log.RewrapAsync(cancellation).ConfigureAwait(false);
            await _machine.RewrapAsync().ConfigureAwait(false);
            _files.Keys.Replace(newKeys);
        }
        finally
        {
            _snapshotGate.Release();
        }
    }

    /// <summary>While the disk is full this node leads nobody, and looks now and then whether it still is.</summary>
    private async Task MindDiskAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var changed = _health.Changed;
            if (_health.Failure is null)
            {
                await changed.WaitAsync(cancellation).ConfigureAwait(false);
                continue;
            }

            await _cluster.StepDownAsync(cancellation).ConfigureAwait(false);
            for (var pause = _options.DiskRetry; _health.Failure is not null; pause = pause * 2 < _options.LongestDiskRetry ? pause * 2 : _options.LongestDiskRetry)
            {
                await Task.Delay(pause, _time, cancellation).ConfigureAwait(false);
                if (HasSpace())
                {
                    _health.Mended();
                    break;
                }
            }
        }
    }

    private bool HasSpace()
    {
        var path = Path.Combine(_options.Directory, "space.tmp");
        try
        {
            _files.Disk.Delete(path);
            using (var file = _files.Disk.Create(path))
            {
                file.Write(new byte[SpaceToMend], 0);
                file.Sync();
            }

            _files.Disk.Delete(path);
            return true;
        }
        catch (IOException)
        {
            _files.Disk.Delete(path);
            return false;
        }
    }

    private async Task ReportBrokenDiskAsync()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var end = _lifetime.Token.UnsafeRegister(static source => ((TaskCompletionSource)source!).TrySetResult(), ended).ConfigureAwait(false);
        if (await Task.WhenAny(_health.Broken, ended.Task).ConfigureAwait(false) == _health.Broken)
        {
            var failure = await _health.Broken.ConfigureAwait(false);
            LogLoopFailed(failure);
            _failed.TrySetResult(failure);
        }
    }

    /// <summary>The only member leads as soon as the no-op of its new term is in the log, however long a full disk makes that take.</summary>
    private async Task BeginAloneAsync(CancellationToken cancellation)
    {
        try
        {
            await _log.AppendAsLeaderAsync(_log.Term, LogItemKind.Empty, default, null, isNoOp: true, cancellation).ConfigureAwait(false);
            _tracker.Look();
        }
        catch (NotLeaderException)
        {
            // It stepped down for its disk, was elected again, and began that term with another.
        }
    }
}
