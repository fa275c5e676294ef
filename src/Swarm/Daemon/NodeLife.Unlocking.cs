using Microsoft.Extensions.Logging;
using Swarm.Api;
using Swarm.Api.Membership;
using Swarm.Engine;
using Swarm.Security;
using Swarm.Store.Consensus.Raft;

namespace Swarm.Daemon;

/// <summary>Taking up the cluster with the node's keys, which an operator may have to open first.</summary>
internal sealed partial class NodeLife
{
    public async Task UnlockAsync(string key, CancellationToken cancellation)
    {
        using var turn = await TurnAsync(cancellation);
        if (_locked is not { } locked)
        {
            throw _member?.Manager is not null ? EngineException.Conflict("swarm is not locked") : new EngineException(503, ManagerAccess.NoManagerText(State));
        }

        locked.Open(key);
        try
        {
            await TakeUpAsync(locked.Record, OpenKeys(locked.Seal), cancellation);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            LogNotResumed(failure);
            _error = failure.Message;
            throw new EngineException(500, "swarm component could not be started: " + failure.Message, failure);
        }
        finally
        {
            // Cancelled half-way, the lock is open all the same: whoever asks again is heard.
            _locked = _member is not null || _error.Length > 0 ? null : locked;
        }
    }

    private async Task TakeUpAsync(NodeRecord record, NodeKeyRing keys, CancellationToken cancellation)
    {
        if (RecoveryIntent.Find(directory) is { } intent)
        {
            await RecoverAsync(record, keys, intent, cancellation);
            return;
        }

        var addressed = AddressedNow(record);
        if (addressed != record)
        {
            LogMoved(record.AdvertiseAddress, addressed.AdvertiseAddress);
            addressed.Save(directory);
        }

        var member = await ClusterMember.StartAsync(PartsOf(addressed, keys), RaftBootstrap.Join, cancellation);
        member.StartWorking();
        member.LookFor(hints.Peers);
        _member = member;
    }

    /// <exception cref="EngineException">503: they are locked.</exception>
    /// <exception cref="InvalidDataException">There are none.</exception>
    private NodeKeyRing OpenKeys(NodeLock? unlocked = null)
    {
        if (_keys is { } known)
        {
            return known;
        }

        var folder = CertificatesFolder();
        var seal = unlocked ?? NodeLock.LoadOrCreate(folder);
        if (seal.IsLocked)
        {
            throw new EngineException(503, SwarmLocked.Text);
        }

        var credentials = NodeCredentials.Load(folder, seal) ?? throw new InvalidDataException("the node's certificate is missing");
        return _keys = NodeKeyRing.Open(folder, seal, credentials);
    }

    [LoggerMessage(126, LogLevel.Warning, "This manager's keys are locked: it takes no part in its swarm until `swarm unlock`")]
    private partial void LogLocked();
}
