using System.Text.Json;
using System.Text.Json.Serialization;
using Swarm.Linux;
using Swarm.Store.Consensus.Raft;

namespace Swarm.Daemon;

/// <summary>
/// Which folder holds this manager's log. A log that is gone, or that came back from a backup or a copy, has forgotten votes and entries that this
/// node promised to the others; they cannot see that, and it cannot, for a backup is sound in itself. The folder can: its inode and the time of its
/// making cannot be restored. (A snapshot of the whole block device takes both along: nothing on this node shows that.)
/// </summary>
/// <param name="Born">Nanoseconds since 1970; 0: the file system does not say.</param>
internal sealed record LogIdentity(ulong Inode, long Born)
{
    private const string FileName = "log-identity";

    internal static string Folder(string directory) => Path.Combine(directory, "raft");

    /// <summary>Remembers the folder at its first use; later it must be the same.</summary>
    /// <param name="directory">The node's folder of the cluster.</param>
    /// <param name="bootstrap">The survivor of a lost quorum has nobody left whom its log could contradict.</param>
    /// <exception cref="InvalidDataException">It is another, or gone.</exception>
    internal static void Claim(string directory, RaftBootstrap bootstrap)
    {
        var folder = Folder(directory);
        var saved = Load(directory);
        if (saved is null)
        {
            // New, or made by a version that did not remember.
            Directory.CreateDirectory(folder);
            DurableFile.SyncDirectory(directory);
        }

        var found = Of(folder);
        if (found is not null && (saved is null || bootstrap == RaftBootstrap.Recover))
        {
            DurableFile.Write(Path.Combine(directory, FileName), JsonSerializer.SerializeToUtf8Bytes(found, LogIdentityJson.Default.LogIdentity));
        }
        else if (found is null)
        {
            throw Untrusted(folder, "this node has written one, and it is gone");
        }
        else if (found != saved)
        {
            throw Untrusted(folder, "it is a copy or a restored backup of the one that this node wrote, and may have forgotten what this node promised to the other managers");
        }
    }

    /// <summary>The node is no manager any more: forgotten first, so that what a crash leaves of the log is thrown away as nobody's.</summary>
    internal static void Discard(string directory)
    {
        File.Delete(Path.Combine(directory, FileName));
        DurableFile.SyncDirectory(directory);
        if (Directory.Exists(Folder(directory)))
        {
            Directory.Delete(Folder(directory), recursive: true);
            DurableFile.SyncDirectory(directory);
        }
    }

    private static InvalidDataException Untrusted(string folder, string what) => new(
        $"The manager's log in {folder} cannot be used: {what}. If other managers run, take this node out of the swarm there (docker node demote, docker node rm --force), "
        + "then here `swarm leave --force` and join again. If no other manager is left, `swarm recover` goes on from this log.");

    private static LogIdentity? Of(string folder) =>
        FileIdentity.Of(folder) is { } identity ? new LogIdentity(identity.Inode, FileIdentity.BirthOf(folder)) : null;

    private static LogIdentity? Load(string directory)
    {
        var path = Path.Combine(directory, FileName);
        return File.Exists(path)
            ? JsonSerializer.Deserialize(File.ReadAllBytes(path), LogIdentityJson.Default.LogIdentity) ?? throw new InvalidDataException($"{path} is empty")
            : null;
    }
}

[JsonSerializable(typeof(LogIdentity))]
internal sealed partial class LogIdentityJson : JsonSerializerContext;
