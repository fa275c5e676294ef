using System.CommandLine;
using Swarm.Commands.Services;
using Swarm.Compose;
using Swarm.Compose.Conversion;
using Swarm.Compose.Deployment;
using Swarm.Compose.Loading;
using Swarm.Compose.Tree;

namespace Swarm.Commands.Stacks;

/// <summary>`swarm stack deploy` and `swarm stack config`.</summary>
internal static class DeployCommand
{
    /// <summary>What a compose file is called when nobody says; the first that is there.</summary>
    private static readonly string[] DefaultFiles = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

    public static Command Build(Cli cli)
    {
        var name = new Argument<string>("STACK");
        var files = new FileFlags();
        var prune = new Option<bool>("--prune") { Description = "Remove services that the compose files do not have any more" };
        var detach = new Option<bool>("--detach", "-d") { DefaultValueFactory = _ => true, Description = "Do not wait for the services to converge (default true)" };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "No progress" };
        var auth = new Option<bool>("--with-registry-auth") { Description = "Send the registry's credentials to the nodes" };
        var resolve = new Option<string>("--resolve-image") { DefaultValueFactory = _ => "always", Description = "Ask the registry which digest an image has: always, changed or never", HelpName = "when" };
        resolve.AcceptOnlyFromAmong("always", "changed", "never");
        var command = new Command("deploy", "Create or update a stack from compose files") { name, prune, detach, quiet, auth, resolve };
        command.Aliases.Add("up");
        files.AddTo(command);
        return cli.OnEngine(command, async (parsed, client, cancellation) =>
        {
            var stack = StackConversion.Convert(files.Load(cli, parsed, parsed.GetRequiredValue(name)));
            foreach (var remark in stack.Remarks)
            {
                await cli.Error.WriteLineAsync(remark);
            }

            var credentials = DockerCredentials.Load();
            var options = new DeployOptions(
                parsed.GetValue(prune),
                Enum.Parse<ResolveImage>(parsed.GetRequiredValue(resolve), ignoreCase: true),
                credentials.For,
                parsed.GetValue(auth));
            var said = parsed.GetValue(quiet) ? TextWriter.Null : cli.Out;
            var ids = await new StackDeployment(client, stack, options, said.WriteLine, cli.Error.WriteLine).DeployAsync(cancellation);
            return parsed.GetValue(detach) ? 0 : await new Convergence(cli, client).WaitAsync(ids, parsed.GetValue(quiet), cancellation);
        });
    }

    /// <summary>Shows what would be deployed, without any engine.</summary>
    public static Command BuildConfig(Cli cli)
    {
        var files = new FileFlags();
        var command = new Command("config", "Show compose files merged and with their variables filled in");
        files.AddTo(command);
        return cli.Local(command, async (parsed, _) =>
        {
            var project = files.Load(cli, parsed, "stack");
            foreach (var remark in StackConversion.Convert(project).Remarks)
            {
                await cli.Error.WriteLineAsync(remark);
            }

            YamlText.Write(project.Root, cli.Out);
            return 0;
        });
    }

    /// <summary>Which compose files, and what fills them in.</summary>
    private sealed class FileFlags
    {
        private readonly Option<string[]> _files = new("--compose-file", "-c") { Description = "A compose file, or - for the standard input; each is merged over those before it", HelpName = "file" };
        private readonly Option<string[]> _environment = new("--env-file") { Description = "File of variables, instead of .env", HelpName = "file" };
        private readonly Option<string[]> _profiles = new("--profile") { Description = "Also services of this profile; * for all", HelpName = "name" };

        public void AddTo(Command command)
        {
            command.Add(_files);
            command.Add(_environment);
            command.Add(_profiles);
        }

        public ComposeProject Load(Cli cli, ParseResult parsed, string stack)
        {
            var named = parsed.GetValue(_files) ?? [];
            return ComposeLoader.Load(new ComposeOptions
            {
                Files = named.Length > 0 ? named : [DefaultFiles.FirstOrDefault(File.Exists) ?? throw new CommandException("no compose file: name one with --compose-file", isUsage: true)],
                StackName = stack,
                EnvironmentFiles = parsed.GetValue(_environment) ?? [],
                Profiles = (parsed.GetValue(_profiles) ?? []).ToHashSet(StringComparer.Ordinal),
                Variables = Environment.GetEnvironmentVariable,
                Input = Console.In,
                WorkingFolder = Directory.GetCurrentDirectory(),
            });
        }
    }
}
