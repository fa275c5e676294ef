using DotNext.Net.Cluster;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;
using Swarm.Linux;

namespace Swarm.Store.Consensus.Raft;

/// <summary>The data directory: `wal/` (DotNext's log, term and vote), `snapshots/`, `members`, `promises` (the side record).</summary>
internal sealed class RaftFiles : IDisposable
{
    private readonly string _directory;

    private RaftFiles(string directory, SideRecord record, MemberStorage members, bool isNew)
    {
        _directory = directory;
        Record = record;
        Members = members;
        IsNew = isNew;
    }

    internal SideRecord Record { get; }

    internal MemberStorage Members { get; }

    /// <summary>Nothing was promised or learned here yet.</summary>
    internal bool IsNew { get; }

    internal string SnapshotDirectory => Path.Combine(_directory, "snapshots");

    internal WriteAheadLog.Options LogOptions => new()
    {
        Location = LogDirectory(_directory),
        ChunkSize = 16 << 20, // H10: the default of 4 KiB needs a file per page
        HashAlgorithm = WriteAheadLog.IntegrityHashAlgorithm.XxHash3, // H9
    };

    internal static RaftFiles Open(RaftOptions options)
    {
        var directory = options.Directory;
        Directory.CreateDirectory(directory);
        try
        {
            var record = SideRecord.Open(Path.Combine(directory, "promises"));
            if (record is null && (Directory.Exists(LogDirectory(directory)) || File.Exists(Path.Combine(directory, "members"))))
            {
                throw new InvalidDataException("the record of what this node promised is missing");
            }

            record ??= SideRecord.Create(Path.Combine(directory, "promises"));
            var members = new MemberStorage(Path.Combine(directory, "members"));
            DurableFile.SyncDirectory(directory);
            return new RaftFiles(directory, record, members, record.Current.LastIndex == 0 && record.Current.Term == 0 && members.Members.NodeIds.Count == 0);
        }
        catch (InvalidDataException e)
        {
            throw new UntrustedLogException(directory, e.Message, e);
        }
    }

    /// <summary>Compares what the log remembers with what was promised.</summary>
    /// <exception cref="UntrustedLogException">The log has forgotten something.</exception>
    internal void Verify(GuardedLog log, string nodeId)
    {
        var promised = Record.Current;
        if (log.LastEntryIndex < promised.LastIndex)
        {
            throw new UntrustedLogException(_directory, $"it ends at entry {log.LastEntryIndex}, but entries up to {promised.LastIndex} were acknowledged");
        }

        if (log.Term < promised.Term)
        {
            throw new UntrustedLogException(_directory, $"it remembers term {log.Term}, but this node has taken part in term {promised.Term}");
        }

        if (log.Term == promised.Term && promised.Vote.Length > 0 && !VotedFor(log, promised.Vote))
        {
            throw new UntrustedLogException(_directory, $"it has forgotten the vote given in term {promised.Term}");
        }

        if (!IsNew && Members.Members.NodeIds.Count == 0 && log.LastCommittedEntryIndex > 0 && Record.Current.Vote.Length > 0)
        {
            throw new UntrustedLogException(_directory, "the members are missing");
        }
    }

    public void Dispose() => Record.Dispose();

    private static string LogDirectory(string directory) => Path.Combine(directory, "wal");

    /// <summary>DotNext answers "yes" also for no vote at all, so somebody who cannot have the vote is asked for, too.</summary>
    private static bool VotedFor(IPersistentState log, byte[] vote)
    {
        var nobody = default(ClusterMemberId);
        return log.IsVotedFor(new ClusterMemberId(vote)) && !log.IsVotedFor(nobody);
    }
}
