using System.Globalization;
using Swarm.Commands;
using Swarm.Engine;
using Swarm.Engine.UserNamespaces;
using Swarm.Linux;

namespace Swarm.Daemon;

/// <summary>
/// `--userns-remap`: the containers' root is somebody without rights on this machine. Everything then lies in a folder of its own below the data root,
/// named after him, because files of other owners would be of no use.
/// </summary>
internal static class RemappedRoot
{
    private const uint FirstId = 100_000, Count = 65_536;
    private const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <exception cref="EngineException">No such user, or no ids are given to him.</exception>
    /// <exception cref="IOException">This kernel or machine has no user namespaces.</exception>
    internal static async Task<DaemonOptions> ApplyAsync(DaemonOptions options, SubordinateIds etc, CancellationToken cancellation)
    {
        if (options.RemapTo.Length == 0)
        {
            return options;
        }

        if (options.RemapTo == "default" && !etc.Knows(SubordinateIds.DefaultUser))
        {
            await AddDefaultUserAsync(cancellation);
        }

        var ids = etc.Of(options.RemapTo);
        var (uid, gid) = ids.Root;
        if (uid == 0)
        {
            throw EngineException.BadRequest("userns-remap: root cannot be remapped to root. Name a user that has subordinate ids");
        }

        Probe(Path.Combine(options.ExecRoot, "userns", "probe"), ids);
        var root = Path.Combine(options.DataRoot, string.Create(CultureInfo.InvariantCulture, $"{uid}.{gid}"));
        File.SetUnixFileMode(options.DataRoot, Own | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        Directory.CreateDirectory(root, Own);
        FileOwner.SetGroup(root, gid);
        File.SetUnixFileMode(root, Own | UnixFileMode.GroupExecute);
        return options with { DataRoot = root, Ids = ids };
    }

    /// <summary>A refusal now is better than one at every container.</summary>
    private static void Probe(string path, IdMap ids)
    {
        UserNamespace.Create(path, ids.UidText, ids.GidText);
        UserNamespace.Delete(path);
    }

    /// <summary>As Docker's own: a system user of that name, with the first ids that nobody has.</summary>
    private static async Task AddDefaultUserAsync(CancellationToken cancellation)
    {
        var user = SubordinateIds.DefaultUser;
        await RunAsync(["/usr/sbin/useradd", "--system", "--user-group", "--no-create-home", "--shell", "/bin/false", user], cancellation);
        var uids = Free("/etc/subuid");
        var gids = Free("/etc/subgid");
        await RunAsync(["/usr/sbin/usermod", "--add-subuids", uids, "--add-subgids", gids, user], cancellation);
    }

    private static string Free(string file)
    {
        var end = File.Exists(file)
            ? File.ReadLines(file).Select(line => line.Split(':')).Where(fields => fields.Length == 3)
                .Select(fields => uint.Parse(fields[1], CultureInfo.InvariantCulture) + uint.Parse(fields[2], CultureInfo.InvariantCulture)).DefaultIfEmpty(FirstId).Max()
            : FirstId;
        var first = Math.Max(end, FirstId);
        return string.Create(CultureInfo.InvariantCulture, $"{first}-{first + Count - 1}");
    }

    private static async Task RunAsync(string[] command, CancellationToken cancellation)
    {
        if (!File.Exists(command[0]))
        {
            throw EngineException.BadRequest($"userns-remap default: {command[0]} is not installed. Add the user {SubordinateIds.DefaultUser} and its lines in /etc/subuid and /etc/subgid yourself");
        }

        var (status, text) = await ChildOutput.CollectAsync(
            output => Task.FromResult(ChildProcess.Start(command[0], command, ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], [new(output, 1), new(output, 2)], newSession: true)), cancellation);
        if (status.ExitCode != 0)
        {
            throw EngineException.BadRequest($"userns-remap default: {string.Join(' ', command)}: {text}");
        }
    }
}
