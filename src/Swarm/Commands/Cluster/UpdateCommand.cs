using System.CommandLine;
using Swarm.Api.Wire;
using Swarm.Commands.Text;

namespace Swarm.Commands.Cluster;

/// <summary>`swarm update`: the cluster's own settings.</summary>
internal static class UpdateCommand
{
    public static Command Build(Cli cli)
    {
        var autolock = new Option<bool>("--autolock") { Description = "Managers that restart wait for the unlock key (true or false)", Arity = ArgumentArity.ZeroOrOne };
        var history = new Option<long?>("--task-history-limit") { Description = "Finished tasks kept per slot", HelpName = "number" };
        var heartbeat = new Option<string?>("--dispatcher-heartbeat") { Description = "How often nodes report", HelpName = "duration" };
        var snapshots = new Option<ulong?>("--snapshot-interval") { Description = "Log entries between two snapshots", HelpName = "number" };
        var expiry = CaFlags.Expiry();
        var external = CaFlags.External();
        var command = new Command("update", "Change the cluster's settings") { autolock, history, heartbeat, snapshots, expiry, external };
        return cli.OnEngine(command, async (parsed, client, cancellation) =>
        {
            if (!command.Options.Any(option => parsed.GetResult(option) is { Implicit: false }))
            {
                throw new CommandException("at least one setting is needed: see `swarm update --help`", isUsage: true);
            }

            var cluster = await client.InspectSwarmAsync(cancellation);
            var locks = cluster.Spec!.EncryptionConfig?.AutoLockManagers == true;
            var spec = cluster.Spec with { CAConfig = CaFlags.Apply(cluster.Spec.CAConfig, parsed, expiry, external) };
            if (parsed.GetResult(autolock) is { Implicit: false })
            {
                spec = spec with { EncryptionConfig = new EncryptionConfig { AutoLockManagers = parsed.GetValue(autolock) } };
            }

            if (parsed.GetValue(history) is { } limit)
            {
                spec = spec with { Orchestration = new OrchestrationConfig { TaskHistoryRetentionLimit = limit } };
            }

            if (parsed.GetValue(heartbeat) is { } text)
            {
                var period = HumanDuration.TryParse(text, out var read) ? read : throw new CommandException($"invalid argument \"{text}\" for --dispatcher-heartbeat: no duration", isUsage: true);
                spec = spec with { Dispatcher = new DispatcherConfig { HeartbeatPeriod = period.Ticks * TimeSpan.NanosecondsPerTick } };
            }

            if (parsed.GetValue(snapshots) is { } entries)
            {
                spec = spec with { Raft = (spec.Raft ?? new RaftConfig()) with { SnapshotInterval = entries } };
            }

            await client.UpdateSwarmAsync(cluster.Version!.Index, spec, cancellation);
            await cli.Out.WriteLineAsync("Swarm updated.");
            if (!locks && spec.EncryptionConfig?.AutoLockManagers == true)
            {
                await LockCommands.WriteHintAsync(cli, await client.UnlockKeyAsync(cancellation));
            }
        });
    }
}
