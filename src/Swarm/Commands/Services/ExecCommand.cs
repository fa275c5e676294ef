using System.CommandLine;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Swarm.Api.Client;
using Swarm.Engine.Exec;
using Swarm.Linux;

namespace Swarm.Commands.Services;

/// <summary>`swarm exec`: a command in the container of a task, on whatever node it runs.</summary>
internal static class ExecCommand
{
    private const int Input = 0, Output = 1;

    /// <summary>What docker answers when a command could not be run and nobody says why.</summary>
    private const int CannotRun = 126;

    public static Command Build(Cli cli, HashSet<Command> ownCommandLine)
    {
        var target = new Argument<string>("TASK|SERVICE") { Description = "A task, service.slot, or a service: its first running task" };
        var words = new Argument<string[]>("COMMAND") { Arity = ArgumentArity.OneOrMore };
        var interactive = new Option<bool>("--interactive", "-i") { Description = "Pass the standard input on" };
        var tty = new Option<bool>("--tty", "-t") { Description = "With a terminal" };
        var env = new Option<string[]>("--env", "-e") { Description = "Set a variable: KEY=value", HelpName = "value" };
        var user = new Option<string?>("--user", "-u") { Description = "name|uid[:group|gid]", HelpName = "user" };
        var workdir = new Option<string?>("--workdir", "-w") { Description = "Working directory in the container", HelpName = "path" };
        var privileged = new Option<bool>("--privileged") { Description = "With all capabilities" };
        var command = new Command("exec", "Run a command in a running task, on whatever node it runs") { target, words, interactive, tty, env, user, workdir, privileged };
        ownCommandLine.Add(command);
        return cli.OnEngine(command, async (parsed, client, cancellation) =>
        {
            var size = parsed.GetValue(tty) ? Terminal.SizeOf(Output) : null;
            var request = new ExecCreateRequest
            {
                Cmd = parsed.GetRequiredValue(words),
                AttachStdin = parsed.GetValue(interactive),
                AttachStdout = true,
                AttachStderr = true,
                Tty = parsed.GetValue(tty),
                Env = parsed.GetValue(env) is { Length: > 0 } variables ? variables : null,
                User = parsed.GetValue(user),
                WorkingDir = parsed.GetValue(workdir),
                Privileged = parsed.GetValue(privileged),
                ConsoleSize = size is { } known ? [known.Rows, known.Columns] : null,
            };
            var id = await client.CreateTaskExecAsync(parsed.GetRequiredValue(target), request, cancellation);
            await RunAsync(client, id, request, cancellation);
            return (await client.TaskExecAsync(id, cancellation)).ExitCode ?? CannotRun;
        });
    }

    private static async Task RunAsync(EngineClient client, string id, ExecCreateRequest request, CancellationToken cancellation)
    {
        await using var stream = await client.StartTaskExecAsync(id, cancellation);
        using var raw = request is { Tty: true, AttachStdin: true } ? Terminal.MakeRaw(Input) : null;
        using var resized = request.Tty ? PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Resize(client, id, cancellation)) : null;

        // Not waited for: a terminal's read returns with the next key only.
        _ = request.AttachStdin ? CopyInputAsync(stream, cancellation) : Task.CompletedTask;
        if (request.Tty)
        {
            await using var output = Console.OpenStandardOutput();
            await stream.CopyToAsync(output, cancellation);
            return;
        }

        await Containers.LogCommand.CopyAsync(LogFrames.ReadAsync(stream, cancellation), cancellation);
    }

    private static async Task CopyInputAsync(NetworkStream stream, CancellationToken cancellation)
    {
        try
        {
            await using var input = Console.OpenStandardInput();
            await input.CopyToAsync(stream, cancellation);
            stream.Socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The command has ended, which the other direction shows.
        }
    }

    private static void Resize(EngineClient client, string id, CancellationToken cancellation)
    {
        if (Terminal.SizeOf(Output) is { } size)
        {
            _ = client.ResizeTaskExecAsync(id, size.Rows, size.Columns, cancellation);
        }
    }
}
