using System.CommandLine;

namespace Swarm.Commands.Cluster;

/// <summary>`swarm unlock` and `swarm unlock-key`.</summary>
internal static class LockCommands
{
    private const char Backspace = '\b';

    public static Command Unlock(Cli cli) => cli.OnEngine(new Command("unlock", "Give a locked manager its key"), async (parsed, client, cancellation) =>
    {
        var info = await client.InfoAsync(cancellation);
        switch (info.Swarm?.LocalNodeState)
        {
            case "inactive":
                throw new CommandException("Error: This node is not part of a swarm");
            case "locked":
                break;
            default:
                throw new CommandException("Error: swarm is not locked");
        }

        await client.UnlockSwarmAsync(await ReadKeyAsync(cli, cancellation), cancellation);
    });

    public static Command UnlockKey(Cli cli)
    {
        var rotate = new Option<bool>("--rotate") { Description = "Make a new key; managers that are off still open with the old one" };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Only the key" };
        return cli.OnEngine(new Command("unlock-key", "Show or change the key of locked managers") { rotate, quiet }, async (parsed, client, cancellation) =>
        {
            if (parsed.GetValue(rotate))
            {
                var cluster = await client.InspectSwarmAsync(cancellation);
                if (cluster.Spec?.EncryptionConfig?.AutoLockManagers != true)
                {
                    throw new CommandException("cannot rotate because autolock is not turned on");
                }

                await client.UpdateSwarmAsync(cluster.Version!.Index, cluster.Spec, cancellation, rotateManagerUnlockKey: true);
                if (!parsed.GetValue(quiet))
                {
                    await cli.Out.WriteLineAsync("Successfully rotated manager unlock key.");
                }
            }

            var key = await client.UnlockKeyAsync(cancellation);
            if (key.Length == 0)
            {
                throw new CommandException("no unlock key is set");
            }

            if (parsed.GetValue(quiet))
            {
                await cli.Out.WriteLineAsync(key);
                return;
            }

            await WriteHintAsync(cli, key);
        });
    }

    internal static Task WriteHintAsync(Cli cli, string key) => cli.Out.WriteLineAsync($"""

        To unlock a swarm manager after it restarts, run the 'swarm unlock'
        command and provide the following key:

            {key}

        Remember to store this key in a password manager, since without it you
        will not be able to restart the manager.
        """);

    /// <summary>A line of the standard input; of a terminal without showing it.</summary>
    private static async Task<string> ReadKeyAsync(Cli cli, CancellationToken cancellation)
    {
        if (Console.IsInputRedirected)
        {
            return (await Console.In.ReadLineAsync(cancellation) ?? "").Trim();
        }

        await cli.Out.WriteAsync("Enter unlock key: ");
        var typed = new System.Text.StringBuilder();
        for (var key = Console.ReadKey(intercept: true); key.Key != ConsoleKey.Enter; key = Console.ReadKey(intercept: true))
        {
            if (key.KeyChar == Backspace || key.Key == ConsoleKey.Backspace)
            {
                typed.Length -= typed.Length > 0 ? 1 : 0;
            }
            else if (!char.IsControl(key.KeyChar))
            {
                typed.Append(key.KeyChar);
            }
        }

        await cli.Out.WriteLineAsync();
        return typed.ToString().Trim();
    }
}
