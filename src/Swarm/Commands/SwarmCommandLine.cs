using System.CommandLine;
using Swarm.Commands.Chaos;
using Swarm.Commands.Cluster;
using Swarm.Commands.Containers;
using Swarm.Commands.Host;
using Swarm.Commands.Images;
using Swarm.Commands.Labs;
using Swarm.Commands.Networks;
using Swarm.Commands.Nodes;
using Swarm.Commands.Services;
using Swarm.Commands.Stacks;

namespace Swarm.Commands;

/// <summary>The command line: docker's swarm verbs against any Engine API, the daemon, and labs.</summary>
public static class SwarmCommandLine
{
    /// <summary>Ctrl-C cancels; a command has this long to clean up (a lab that was coming up is taken down).</summary>
    private static readonly TimeSpan CleanUpTime = TimeSpan.FromMinutes(2);

    /// <param name="runDaemon">Runs the daemon until cancelled; answers the exit status.</param>
    public static async Task<int> InvokeAsync(
        string[] args,
        Func<DaemonOptions, CancellationToken, Task<int>> runDaemon,
        TextWriter? output = null,
        TextWriter? error = null)
    {
        var cli = new Cli(output ?? Console.Out, error ?? Console.Error, TimeProvider.System);
        if (DaemonCommand.WordsOf(args) is { } daemonWords)
        {
            return await InvokeDaemonAsync(cli, DaemonPersona.Swarm, daemonWords, runDaemon);
        }

        var (root, ownCommandLine) = Build(cli);
        var configuration = new ParserConfiguration { ResponseFileTokenReplacer = null };
        string[] words;
        try
        {
            words = ArgumentsAfterImage.Separate(args, root, ownCommandLine);
        }
        catch (CommandException e)
        {
            await cli.Error.WriteLineAsync(e.Message);
            return Cli.UsageError;
        }

        var parsed = root.Parse(words, configuration);
        if (parsed.Errors.Count > 0 && parsed.Action is not System.CommandLine.Help.HelpAction)
        {
            var path = string.Join(' ', ArgumentsAfterImage.Names(parsed.CommandResult.Command).Prepend("swarm"));
            return parsed.CommandResult.Command.Subcommands.Count > 0
                ? await WithoutCommandAsync(cli, root, words, parsed.UnmatchedTokens, path)
                : await WrongAsync(cli, parsed.Errors[0].Message, path, Cli.UsageError);
        }

        var invocation = new InvocationConfiguration { ProcessTerminationTimeout = CleanUpTime, Output = cli.Out, Error = cli.Error };
        return await parsed.InvokeAsync(invocation);
    }

    /// <summary>Called as `dockerd`: the daemon in Docker's place.</summary>
    public static Task<int> InvokeDockerdAsync(string[] args, Func<DaemonOptions, CancellationToken, Task<int>> runDaemon, TextWriter? output = null, TextWriter? error = null) =>
        InvokeDaemonAsync(new Cli(output ?? Console.Out, error ?? Console.Error, TimeProvider.System), DaemonPersona.Dockerd, args, runDaemon);

    private static async Task<int> InvokeDaemonAsync(Cli cli, DaemonPersona persona, IReadOnlyList<string> words, Func<DaemonOptions, CancellationToken, Task<int>> runDaemon)
    {
        var version = typeof(SwarmCommandLine).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
        using var stop = new StopSignals();
        return await DaemonCommand.RunAsync(cli, persona, words, version, options => runDaemon(options, stop.Token));
    }

    /// <summary>A group of commands without one of them: docker then shows the group's help, and names a command that it does not know.</summary>
    private static async Task<int> WithoutCommandAsync(Cli cli, RootCommand root, string[] words, IReadOnlyList<string> unmatched, string path)
    {
        if (unmatched is [var first, ..])
        {
            return await WrongAsync(cli, $"unknown command: {path} {first}", path, Cli.UnknownCommand);
        }

        return await root.Parse([.. words, "--help"]).InvokeAsync(new InvocationConfiguration { Output = cli.Out, Error = cli.Error });
    }

    private static async Task<int> WrongAsync(Cli cli, string what, string path, int status)
    {
        await cli.Error.WriteLineAsync($"swarm: {what}\n\nRun '{path} --help' for more information");
        return status;
    }

    /// <summary>The tree, and those of its commands whose arguments end in a command line of the user's own.</summary>
    internal static (RootCommand Root, IReadOnlySet<Command> OwnCommandLine) Build(Cli cli)
    {
        var ownCommandLine = new HashSet<Command>();
        var root = new RootCommand("A clustered container runtime: services, nodes and containers, through the Docker Engine API")
        {
            cli.Host,
            DaemonCommand.Listed(),
            ClusterCommands.Init(cli),
            ClusterCommands.Join(cli),
            ClusterCommands.JoinToken(cli),
            ClusterCommands.Leave(cli),
            UpdateCommand.Build(cli),
            CaCommand.Build(cli),
            LockCommands.Unlock(cli),
            LockCommands.UnlockKey(cli),
            RecoverCommand.Build(cli),
            LeaderCommands.Build(cli),
            PeerCommands.Build(cli),
            NodeCommands.Build(cli),
            ServiceCommands.Build(cli, ownCommandLine),
            StackCommands.Build(cli),
            RebalanceCommand.Build(cli),
            NetworkCommands.Build(cli),
            ExecCommand.Build(cli, ownCommandLine),
            ContainerCommands.List(cli),
            ContainerCommands.Logs(cli),
            RunCommand.Build(cli, ownCommandLine),
            ImageCommands.List(cli),
            ImageCommands.Load(cli),
            HostCommands.Info(cli),
            HostCommands.Version(cli),
            LabCommands.Build(cli, ownCommandLine),
            ChaosCommands.Build(cli),
        };
        return (root, ownCommandLine);
    }
}
