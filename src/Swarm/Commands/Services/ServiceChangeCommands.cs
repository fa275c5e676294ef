using System.CommandLine;
using System.Globalization;
using Swarm.Api.Client;
using Swarm.Api.Wire;
using Swarm.Commands.Text;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Commands.Services;

/// <summary>`swarm service create|update|scale`.</summary>
internal static class ServiceChangeCommands
{
    public static Command Create(Cli cli)
    {
        var image = new Argument<string>("IMAGE");
        var args = new Argument<string[]>("COMMAND") { Arity = ArgumentArity.ZeroOrMore, Description = "Command and arguments of the container" };
        var name = new Option<string?>("--name") { Description = "Service name", HelpName = "name" };
        var mode = new Option<string>("--mode") { DefaultValueFactory = _ => "replicated", Description = "replicated, global, replicated-job or global-job", HelpName = "mode" };
        mode.AcceptOnlyFromAmong("replicated", "global", "replicated-job", "global-job");
        var flags = new ServiceFlags(forUpdate: false);
        var wait = new WaitFlags();
        var command = new Command("create", "Create a service") { image, args, name, mode };
        flags.AddTo(command);
        wait.AddTo(command);
        return cli.OnEngine(command, async (parsed, client, cancellation) =>
        {
            var arguments = parsed.GetValue(args) ?? [];
            var spec = flags.Apply(parsed, new ServiceSpec
            {
                Name = parsed.GetValue(name),
                Mode = Mode(parsed.GetRequiredValue(mode), flags.Replicas(parsed), flags.MaxConcurrent(parsed)),
                TaskTemplate = new TaskSpec
                {
                    ContainerSpec = new ContainerSpec { Image = parsed.GetRequiredValue(image), Args = arguments.Length == 0 ? null : arguments },
                },
            });
            var created = await client.CreateServiceAsync(spec, cancellation);
            foreach (var warning in created.Warnings ?? [])
            {
                await cli.Error.WriteLineAsync(warning);
            }

            await cli.Out.WriteLineAsync(created.ID);
            return wait.Detached(parsed) ? 0 : await new Convergence(cli, client).WaitAsync([created.ID], wait.Quiet(parsed), cancellation);
        });
    }

    public static Command Update(Cli cli)
    {
        var name = new Argument<string>("SERVICE");
        var flags = new ServiceFlags(forUpdate: true);
        var wait = new WaitFlags();
        var command = new Command("update", "Change a service") { name };
        flags.AddTo(command);
        wait.AddTo(command);
        return cli.OnEngine(command, async (parsed, client, cancellation) =>
        {
            var service = await client.ServiceAsync(parsed.GetRequiredValue(name), cancellation);
            var spec = flags.Apply(parsed, service.Spec!);
            if (flags.Replicas(parsed) is { } replicas)
            {
                spec = Scaled(spec, replicas, parsed.GetRequiredValue(name));
            }

            await client.UpdateServiceAsync(service.ID, service.Version!.Index, spec, cancellation);
            await cli.Out.WriteLineAsync(parsed.GetRequiredValue(name));
            return wait.Detached(parsed) ? 0 : await new Convergence(cli, client).WaitAsync([service.ID], wait.Quiet(parsed), cancellation);
        });
    }

    public static Command Scale(Cli cli)
    {
        var pairs = new Argument<string[]>("SERVICE=REPLICAS") { Arity = ArgumentArity.OneOrMore };
        var wait = new WaitFlags();
        var command = new Command("scale", "Change how many replicas services have") { pairs };
        wait.AddTo(command);
        return cli.OnEngine(command, async (parsed, client, cancellation) =>
        {
            var wanted = parsed.GetRequiredValue(pairs).Select(Pair).ToList();
            var scaled = new List<string>();
            var status = await cli.ForEachAsync(wanted.Select(w => w.Name), async name =>
            {
                var replicas = wanted.Last(w => w.Name == name).Replicas;
                var service = await client.ServiceAsync(name, cancellation);
                await client.UpdateServiceAsync(service.ID, service.Version!.Index, Scaled(service.Spec!, replicas, name), cancellation);
                scaled.Add(service.ID);
                await cli.Out.WriteLineAsync($"{name} scaled to {replicas}");
            });
            return wait.Detached(parsed) || status != 0 ? status : await new Convergence(cli, client).WaitAsync(scaled, wait.Quiet(parsed), cancellation);
        });
    }

    private static (string Name, ulong Replicas) Pair(string word)
    {
        var sign = word.LastIndexOf('=');
        return sign > 0 && ulong.TryParse(word.AsSpan(sign + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var replicas)
            ? (word[..sign], replicas)
            : throw new CommandException($"invalid scale specifier '{word}': use SERVICE=REPLICAS, such as web=5", isUsage: true);
    }

    private static ServiceSpec Scaled(ServiceSpec spec, ulong replicas, string name) => spec.Mode switch
    {
        { Replicated: { } replicated } mode => spec with { Mode = mode with { Replicated = replicated with { Replicas = replicas } } },
        { ReplicatedJob: { } job } mode => spec with { Mode = mode with { ReplicatedJob = job with { TotalCompletions = replicas } } },
        _ => throw new CommandException($"{name}: scale can only be used with replicated or replicated-job mode"),
    };

    private static ServiceMode Mode(string mode, ulong? replicas, ulong? maxConcurrent)
    {
        if (replicas is not null && mode.StartsWith("global", StringComparison.Ordinal))
        {
            throw new CommandException("replicas can only be used with replicated or replicated-job mode", isUsage: true);
        }

        return mode switch
        {
            "global" => new ServiceMode { Global = new GlobalService() },
            "global-job" => new ServiceMode { GlobalJob = new GlobalJob() },
            "replicated-job" => new ServiceMode { ReplicatedJob = new ReplicatedJob { TotalCompletions = replicas ?? 1, MaxConcurrent = maxConcurrent ?? replicas ?? 1 } },
            _ => new ServiceMode { Replicated = new ReplicatedService { Replicas = replicas ?? 1 } },
        };
    }

    /// <summary>Whether to wait for what was asked to become true.</summary>
    private sealed class WaitFlags
    {
        private readonly Option<bool> _detach = new("--detach", "-d") { Description = "Do not wait for the service to converge" };
        private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "No progress" };

        public void AddTo(Command command)
        {
            command.Add(_detach);
            command.Add(_quiet);
        }

        public bool Detached(ParseResult parsed) => parsed.GetValue(_detach);

        public bool Quiet(ParseResult parsed) => parsed.GetValue(_quiet);
    }
}
