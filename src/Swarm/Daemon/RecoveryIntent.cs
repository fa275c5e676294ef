using System.Text;
using Swarm.Linux;

namespace Swarm.Daemon;

/// <summary>
/// That this node is to go on alone, written before it begins and removed once the recovery is committed: a crash in between must not leave a
/// cluster of one that its former members can still reach into.
/// </summary>
/// <param name="AdvertiseAddress">host:port at which the survivor is reached from now on.</param>
internal sealed record RecoveryIntent(string AdvertiseAddress)
{
    private const string FileName = "recovering";

    internal static RecoveryIntent? Find(string directory)
    {
        var path = Path.Combine(directory, FileName);
        return File.Exists(path) ? new RecoveryIntent(Encoding.UTF8.GetString(File.ReadAllBytes(path))) : null;
    }

    internal void Save(string directory) => DurableFile.Write(Path.Combine(directory, FileName), Encoding.UTF8.GetBytes(AdvertiseAddress));

    internal static void Delete(string directory)
    {
        File.Delete(Path.Combine(directory, FileName));
        DurableFile.SyncDirectory(directory);
    }
}
