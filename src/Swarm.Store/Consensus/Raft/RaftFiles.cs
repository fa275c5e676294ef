using Swarm.Linux;
using Swarm.Store.Consensus.Raft.Disk;

namespace Swarm.Store.Consensus.Raft;

/// <summary>
/// The data directory: `log/` (the entries), `snapshots/`, `members`, `vote` (term and vote), `mark` (where the log ended). What must be there and is
/// not makes the node refuse to start: DotNext's own files forgot silently (design/store.md, H9).
/// </summary>
internal sealed class RaftFiles : IDisposable
{
    private readonly string _directory;
    private readonly RaftOptions _options;

    private RaftFiles(RaftOptions options, IRaftDisk disk, DataKeys keys, VoteFile votes, LogMark mark, MemberStorage members)
    {
        _directory = options.Directory;
        _options = options;
        Disk = disk;
        Keys = keys;
        Votes = votes;
        Mark = mark;
        Members = members;
        IsNew = votes.Term == 0 && mark.LastIndex == 0 && members.Members.NodeIds.Count == 0;
    }

    internal IRaftDisk Disk { get; }

    internal DataKeys Keys { get; }

    internal VoteFile Votes { get; }

    internal LogMark Mark { get; }

    internal MemberStorage Members { get; }

    /// <summary>Nothing was promised or learned here yet.</summary>
    internal bool IsNew { get; }

    internal int KeptBehindSnapshot => _options.KeptBehindSnapshot;

    internal string SnapshotDirectory => Path.Combine(_directory, "snapshots");

    private static string LogDirectory(string directory) => Path.Combine(directory, "log");

    /// <exception cref="ArgumentException">The data keys are no keys.</exception>
    internal static RaftFiles Open(RaftOptions options, IRaftDisk disk)
    {
        var directory = options.Directory;
        var keys = new DataKeys(options.DataKeys);
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        VoteFile? votes = null;
        LogMark? mark = null;
        try
        {
            if (Directory.Exists(Path.Combine(directory, "wal")))
            {
                throw new InvalidDataException("an older version wrote it, in another format");
            }

            votes = VoteFile.Open(disk, Path.Combine(directory, "vote"));
            mark = LogMark.Open(disk, Path.Combine(directory, "mark"));

            // The vote is the first file to be made and the mark the second, before anything is promised.
            var inUse = Directory.Exists(LogDirectory(directory)) || File.Exists(Path.Combine(directory, "members"));
            if ((votes is null || mark is null) && (inUse || (votes is null && mark is not null)))
            {
                throw new InvalidDataException($"the file {(votes is null ? "vote" : "mark")} is missing");
            }

            if (mark is { LastIndex: > 0 } && !Directory.Exists(LogDirectory(directory)))
            {
                throw new InvalidDataException("the log is missing");
            }

            votes ??= VoteFile.Create(disk, Path.Combine(directory, "vote"));
            mark ??= LogMark.Create(disk, Path.Combine(directory, "mark"));
            var members = new MemberStorage(Path.Combine(directory, "members"));
            DurableFile.SyncDirectory(directory);
            return new RaftFiles(options, disk, keys, votes, mark, members);
        }
        catch (InvalidDataException e)
        {
            votes?.Dispose();
            mark?.Dispose();
            throw new UntrustedLogException(directory, e.Message, e);
        }
    }

    /// <exception cref="InvalidDataException">The log is damaged or has forgotten something.</exception>
    internal SegmentedLog OpenLog(SnapshotFile? snapshot)
    {
        const int fewest = 16, most = 4096;
        var log = SegmentedLog.Open(
            Disk, Keys, LogDirectory(_directory), Math.Clamp(_options.SnapshotEvery, fewest, most), (snapshot?.Index ?? 0, snapshot?.Term ?? 0), Mark);
        DurableFile.SyncDirectory(_directory);
        if (log.LastIndex > 0 && log.TermOf(log.LastIndex) is var term && term > Votes.Term)
        {
            log.Dispose();
            throw new InvalidDataException($"it remembers term {Votes.Term}, but this node has taken part in term {term}");
        }

        return log;
    }

    /// <summary>Who does not know of a membership with itself in it never stands, so one that voted for itself has forgotten it.</summary>
    /// <exception cref="InvalidDataException">The members are missing.</exception>
    internal void VerifyMembers()
    {
        if (Members.Members.NodeIds.Count == 0 && Votes.Vote.AsSpan().SequenceEqual(MemberBytes.Of(_options.NodeId)))
        {
            throw new InvalidDataException("the members are missing");
        }
    }

    public void Dispose()
    {
        Votes.Dispose();
        Mark.Dispose();
    }
}
