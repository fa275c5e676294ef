using System.CommandLine;
using Swarm.Api.Client;
using Swarm.Api.Wire;
using Swarm.Commands.Text;

using PrivilegeLabels = Swarm.Model.PrivilegeLabels;

namespace Swarm.Commands.Services;

/// <summary>Docker's flags for a service's spec. Those not given leave what is there.</summary>
internal sealed class ServiceFlags
{
    private readonly bool _forUpdate;
    private readonly List<Option> _options = [];
    private readonly List<Func<ParseResult, ServiceSpec, ServiceSpec>> _steps = [];
    private readonly Option<ulong?> _replicas;
    private readonly Option<ulong?>? _maxConcurrent;

    public ServiceFlags(bool forUpdate)
    {
        _forUpdate = forUpdate;
        _replicas = Keep(new Option<ulong?>("--replicas") { Description = "Number of tasks", HelpName = "n" });
        if (!forUpdate)
        {
            _maxConcurrent = Keep(new Option<ulong?>("--max-concurrent") { Description = "Job tasks at once", HelpName = "n" });
        }
        else
        {
            Text("--image", "Image", (c, v) => c with { Image = v });
            Add("--force", "Restart all tasks, even if nothing changed", (s, on) => on ? OnTask(s, t => t with { ForceUpdate = (t.ForceUpdate ?? 0) + 1 }) : s);
            Words("--args", "Command and arguments", (c, v) => c with { Args = v.SelectMany(w => w.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList() });
        }

        Container();
        Lists();
        Resources();
        Restart();
        Placement();
        Rollout();
    }

    public void AddTo(Command command) => _options.ForEach(command.Add);

    public ulong? Replicas(ParseResult parsed) => parsed.GetValue(_replicas);

    public ulong? MaxConcurrent(ParseResult parsed) => _maxConcurrent is null ? null : parsed.GetValue(_maxConcurrent);

    public ServiceSpec Apply(ParseResult parsed, ServiceSpec spec) => _steps.Aggregate(spec, (s, step) => step(parsed, s));

    private void Container()
    {
        Text("--hostname", "Host name of the containers", (c, v) => c with { Hostname = v });
        Text("--workdir", "Working folder", (c, v) => c with { Dir = v }, "-w");
        Text("--user", "User, or user:group", (c, v) => c with { User = v }, "-u");
        Text("--stop-signal", "Signal that asks the container to stop", (c, v) => c with { StopSignal = v });
        Words("--entrypoint", "Replaces the image's entrypoint", (c, v) => c with { Command = v });
        Span("--stop-grace-period", "Time to stop before it is killed", (s, ns) => OnContainer(s, c => c with { StopGracePeriod = ns }));
        Add("--read-only", "Root file system is read only", (s, on) => OnContainer(s, c => c with { ReadOnly = on }));
        Add("--tty", "Give it a terminal", (s, on) => OnContainer(s, c => c with { TTY = on }), "-t");
        Add("--init", "Run an init that reaps processes", (s, on) => OnContainer(s, c => c with { Init = on }));
        Words("--cap-add", "Add a capability", (c, v) => c with { CapabilityAdd = [.. c.CapabilityAdd ?? [], .. v] });
        Words("--cap-drop", "Drop a capability", (c, v) => c with { CapabilityDrop = [.. c.CapabilityDrop ?? [], .. v] });
        Words("--group", "Further group of the user", (c, v) => c with { Groups = [.. c.Groups ?? [], .. v] });
        Words("--health-cmd", "Command that checks its health", (c, v) => c with { Healthcheck = (c.Healthcheck ?? new HealthConfig()) with { Test = ["CMD-SHELL", v[^1]] } });
        Span("--health-interval", "Time between checks", (s, ns) => OnHealth(s, h => h with { Interval = ns }));
        Span("--health-timeout", "Longest check", (s, ns) => OnHealth(s, h => h with { Timeout = ns }));
        Span("--health-start-period", "Time to start before failures count", (s, ns) => OnHealth(s, h => h with { StartPeriod = ns }));
        Number("--health-retries", "Failures until it is unhealthy", (s, n) => OnHealth(s, h => h with { Retries = (int)n }));
    }

    private void Lists()
    {
        if (_forUpdate)
        {
            Words("--env-add", "Set a variable: KEY=value", (c, v) => c with { Env = SetVariables(c.Env, v) });
            Words("--env-rm", "Take a variable away", (c, v) => c with { Env = [.. (c.Env ?? []).Where(e => !v.Contains(KeyValues.Parse(e).Key))] });
            Many("--label-add", "Set a label: key=value", (s, v) => s with { Labels = KeyValues.Changed(s.Labels, v, null) });
            Many("--label-rm", "Take a label away", (s, v) => s with { Labels = KeyValues.Changed(s.Labels, null, v) });
            Words("--container-label-add", "Set a label of the containers", (c, v) => c with { Labels = KeyValues.Changed(c.Labels, v, null) });
            Words("--container-label-rm", "Take a label of the containers away", (c, v) => c with { Labels = KeyValues.Changed(c.Labels, null, v) });
            Words("--mount-add", "Add a mount", (c, v) => c with { Mounts = [.. c.Mounts ?? [], .. v.Select(MountFlag.Parse)] });
            Words("--mount-rm", "Take a mount away, by its target", (c, v) => c with { Mounts = [.. (c.Mounts ?? []).Where(m => !v.Contains(m.Target))] });
            return;
        }

        Words("--env", "Set a variable: KEY=value", (c, v) => c with { Env = SetVariables(c.Env, v) }, "-e");
        Many("--label", "Label of the service: key=value", (s, v) => s with { Labels = KeyValues.Map(v) }, "-l");
        Words("--container-label", "Label of the containers: key=value", (c, v) => c with { Labels = KeyValues.Changed(c.Labels, v, null) });
        Words("--device", "Device of the node: HOST[:CONTAINER[:rwm]] (Docker has no such thing for services)", (c, v) => c with { Labels = KeyValues.Changed(c.Labels, [$"{PrivilegeLabels.Devices}={string.Join(',', v)}"], null) });
        Add("--privileged", "All capabilities and devices (Docker has no such thing for services)", (s, on) => OnContainer(s, c => c with { Labels = KeyValues.Changed(c.Labels, [$"{PrivilegeLabels.Privileged}={(on ? "true" : "false")}"], null) }));
        Words("--mount", "Mount: type=bind|volume|tmpfs,source=...,target=...", (c, v) => c with { Mounts = [.. v.Select(MountFlag.Parse)] });
        Many("--publish", "Publish a port: 8080:80, or published=8080,target=80,mode=host", (s, v) => s with { EndpointSpec = (s.EndpointSpec ?? new EndpointSpec()) with { Ports = [.. v.Select(PublishFlag.Parse)] } }, "-p");
        Many("--network", "Attach to a network", (s, v) => OnTask(s, t => t with { Networks = [.. v.Select(n => new NetworkAttachmentConfig { Target = n })] }));
        Many("--log-driver", "Log driver", (s, v) => OnTask(s, t => t with { LogDriver = (t.LogDriver ?? new Driver()) with { Name = v[^1] } }));
        Many("--log-opt", "Option of the log driver: key=value", (s, v) => OnTask(s, t => t with { LogDriver = (t.LogDriver ?? new Driver()) with { Options = KeyValues.Map(v) } }));
    }

    private void Resources()
    {
        Cpus("--limit-cpu", "Most CPUs", (s, n) => OnLimits(s, l => l with { NanoCPUs = n }));
        Bytes("--limit-memory", "Most memory", (s, n) => OnLimits(s, l => l with { MemoryBytes = n }));
        Number("--limit-pids", "Most processes", (s, n) => OnLimits(s, l => l with { Pids = (long)n }));
        Cpus("--reserve-cpu", "CPUs that a node must have free", (s, n) => OnReservations(s, r => r with { NanoCPUs = n }));
        Bytes("--reserve-memory", "Memory that a node must have free", (s, n) => OnReservations(s, r => r with { MemoryBytes = n }));
    }

    private void Restart()
    {
        Many("--restart-condition", "none, on-failure or any", (s, v) => OnRestart(s, r => r with { Condition = v[^1] }));
        Span("--restart-delay", "Time between restarts", (s, ns) => OnRestart(s, r => r with { Delay = ns }));
        Number("--restart-max-attempts", "Most restarts", (s, n) => OnRestart(s, r => r with { MaxAttempts = n }));
        Span("--restart-window", "In which they are counted", (s, ns) => OnRestart(s, r => r with { Window = ns }));
    }

    private void Placement()
    {
        Many(_forUpdate ? "--constraint-add" : "--constraint", "Where tasks may run, such as node.role==worker", (s, v) => OnPlacement(s, p => p with { Constraints = [.. p.Constraints ?? [], .. v] }));
        if (_forUpdate)
        {
            Many("--constraint-rm", "Take a constraint away", (s, v) => OnPlacement(s, p => p with { Constraints = [.. (p.Constraints ?? []).Where(c => !v.Contains(c))] }));
        }

        Many(_forUpdate ? "--placement-pref-add" : "--placement-pref", "Spread, such as spread=node.labels.zone", (s, v) => OnPlacement(s, p => p with { Preferences = [.. p.Preferences ?? [], .. v.Select(Preference)] }));
        Number("--replicas-max-per-node", "Most tasks on one node", (s, n) => OnPlacement(s, p => p with { MaxReplicas = n }));
    }

    private void Rollout()
    {
        Number("--update-parallelism", "Tasks updated at once; 0: all", (s, n) => OnUpdate(s, u => u with { Parallelism = n }));
        Span("--update-delay", "Time between them", (s, ns) => OnUpdate(s, u => u with { Delay = ns }));
        Span("--update-monitor", "Time to watch an updated task", (s, ns) => OnUpdate(s, u => u with { Monitor = ns }));
        Many("--update-order", "stop-first or start-first", (s, v) => OnUpdate(s, u => u with { Order = v[^1] }));
        Many("--update-failure-action", "pause, continue or rollback", (s, v) => OnUpdate(s, u => u with { FailureAction = v[^1] }));
    }

    private static PlacementPreference Preference(string word) =>
        KeyValues.Parse(word) is { Key: "spread", Value: { Length: > 0 } by }
            ? new PlacementPreference { Spread = new SpreadOver { SpreadDescriptor = by } }
            : throw new CommandException($"unsupported placement preference '{word}': use spread=node.labels.KEY", isUsage: true);

    /// <summary>A name without a value takes ours, as docker does; one that we do not have is left out.</summary>
    private static List<string> SetVariables(IReadOnlyList<string>? old, string[] words)
    {
        var set = words.Select(w => w.Contains('=', StringComparison.Ordinal) ? w : Environment.GetEnvironmentVariable(w) is { } own ? $"{w}={own}" : null).OfType<string>().ToList();
        var names = set.Select(w => KeyValues.Parse(w).Key).ToHashSet();
        return [.. (old ?? []).Where(o => !names.Contains(KeyValues.Parse(o).Key)), .. set];
    }

    private static ServiceSpec OnTask(ServiceSpec spec, Func<TaskSpec, TaskSpec> change) => spec with { TaskTemplate = change(spec.TaskTemplate ?? new TaskSpec()) };

    private static ServiceSpec OnContainer(ServiceSpec spec, Func<ContainerSpec, ContainerSpec> change) =>
        OnTask(spec, t => t with { ContainerSpec = change(t.ContainerSpec ?? new ContainerSpec()) });

    private static ServiceSpec OnHealth(ServiceSpec spec, Func<HealthConfig, HealthConfig> change) =>
        OnContainer(spec, c => c with { Healthcheck = change(c.Healthcheck ?? new HealthConfig()) });

    private static ServiceSpec OnLimits(ServiceSpec spec, Func<Limit, Limit> change) =>
        OnTask(spec, t => t with { Resources = (t.Resources ?? new ResourceRequirements()) with { Limits = change(t.Resources?.Limits ?? new Limit()) } });

    private static ServiceSpec OnReservations(ServiceSpec spec, Func<Api.Wire.Resources, Api.Wire.Resources> change) =>
        OnTask(spec, t => t with { Resources = (t.Resources ?? new ResourceRequirements()) with { Reservations = change(t.Resources?.Reservations ?? new Api.Wire.Resources()) } });

    private static ServiceSpec OnRestart(ServiceSpec spec, Func<RestartPolicy, RestartPolicy> change) =>
        OnTask(spec, t => t with { RestartPolicy = change(t.RestartPolicy ?? new RestartPolicy()) });

    private static ServiceSpec OnPlacement(ServiceSpec spec, Func<Api.Wire.Placement, Api.Wire.Placement> change) =>
        OnTask(spec, t => t with { Placement = change(t.Placement ?? new Api.Wire.Placement()) });

    private static ServiceSpec OnUpdate(ServiceSpec spec, Func<UpdateConfig, UpdateConfig> change) =>
        spec with { UpdateConfig = change(spec.UpdateConfig ?? new UpdateConfig { Parallelism = 1 }) };

    private void Text(string name, string description, Func<ContainerSpec, string, ContainerSpec> change, params string[] aliases) =>
        Words(name, description, (c, v) => change(c, v[^1]), aliases);

    private void Words(string name, string description, Func<ContainerSpec, string[], ContainerSpec> change, params string[] aliases) =>
        Many(name, description, (s, v) => OnContainer(s, c => change(c, v)), aliases);

    private void Many(string name, string description, Func<ServiceSpec, string[], ServiceSpec> change, params string[] aliases)
    {
        var option = Keep(new Option<string[]>(name, aliases) { Description = description, HelpName = "value", Arity = ArgumentArity.OneOrMore });
        _steps.Add((parsed, spec) => parsed.GetValue(option) is { Length: > 0 } values ? change(spec, values) : spec);
    }

    private void Add(string name, string description, Func<ServiceSpec, bool, ServiceSpec> change, params string[] aliases)
    {
        var option = Keep(new Option<bool?>(name, aliases) { Description = description });
        _steps.Add((parsed, spec) => parsed.GetValue(option) is { } on ? change(spec, on) : spec);
    }

    private void Number(string name, string description, Func<ServiceSpec, ulong, ServiceSpec> change)
    {
        var option = Keep(new Option<ulong?>(name) { Description = description, HelpName = "n" });
        _steps.Add((parsed, spec) => parsed.GetValue(option) is { } number ? change(spec, number) : spec);
    }

    private void Span(string name, string description, Func<ServiceSpec, long, ServiceSpec> change) =>
        Many(name, description + ", such as 10s", (s, v) => HumanDuration.TryParse(v[^1], out var span)
            ? change(s, span.Ticks * TimeSpan.NanosecondsPerTick)
            : throw new CommandException($"invalid argument \"{v[^1]}\" for \"{name}\" flag: time: invalid duration", isUsage: true));

    private void Bytes(string name, string description, Func<ServiceSpec, long, ServiceSpec> change) =>
        Many(name, description + ", such as 512m", (s, v) => HumanSize.TryParse(v[^1], out var bytes)
            ? change(s, bytes)
            : throw new CommandException($"invalid argument \"{v[^1]}\" for \"{name}\" flag: invalid size: '{v[^1]}'", isUsage: true));

    private void Cpus(string name, string description, Func<ServiceSpec, long, ServiceSpec> change)
    {
        var option = Keep(new Option<decimal?>(name) { Description = description + ", such as 0.5", HelpName = "cpus" });
        _steps.Add((parsed, spec) => parsed.GetValue(option) is { } cpus ? change(spec, (long)(cpus * 1_000_000_000m)) : spec);
    }

    private T Keep<T>(T option) where T : Option
    {
        _options.Add(option);
        return option;
    }
}
