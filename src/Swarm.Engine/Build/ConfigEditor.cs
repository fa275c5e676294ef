using System.Globalization;
using System.Text;
using System.Text.Json;
using Swarm.Engine.Build.Copying;
using Swarm.Engine.Build.Dockerfiles;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Build;

/// <summary>
/// An image's configuration on its way, and the instructions that only change it: for the steps of a build, and for the changes of a commit or
/// an import.
/// </summary>
internal sealed class ConfigEditor(BuildArguments arguments, char escape)
{
    private const long MinimumInterval = 1_000_000;
    private static readonly string[] DefaultShell = ["/bin/sh", "-c"];
    private static readonly HashSet<string> Changes =
        ["CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "USER", "VOLUME", "WORKDIR", "STOPSIGNAL", "SHELL"];

    private bool _commandSet;

    public ContainerConfig Config { get; set; } = new();

    public string Author { get; private set; } = "";

    public BuildArguments Arguments => arguments;

    public char Escape => escape;

    public IReadOnlyList<string> Shell => Config.Shell is { Count: > 0 } shell ? shell : DefaultShell;

    /// <summary>`docker commit --change` and `docker import --change`: instructions over a configuration.</summary>
    /// <exception cref="EngineException">400.</exception>
    public static ContainerConfig Apply(ContainerConfig config, IEnumerable<string> changes)
    {
        var editor = new ConfigEditor(new BuildArguments(new Dictionary<string, string?>(), new Dictionary<string, string?>()), '\\') { Config = config };
        var text = string.Join('\n', changes);
        foreach (var instruction in text.Trim().Length == 0 ? [] : DockerfileReader.Read(text).Instructions)
        {
            if (!Changes.Contains(instruction.Name))
            {
                throw EngineException.BadRequest($"{instruction.Name.ToLowerInvariant()} is not a valid change command");
            }

            editor.Change(instruction);
        }

        return editor.Config;
    }

    /// <summary>Applies an instruction to the configuration; answers its line of the history.</summary>
    public string Change(Instruction instruction) => instruction.Name switch
    {
        "ARG" => Argument(instruction),
        "CMD" => Command(instruction),
        "ENTRYPOINT" => Entrypoint(instruction),
        "ENV" => Environment(instruction),
        "EXPOSE" => Expose(instruction),
        "HEALTHCHECK" => Healthcheck(instruction),
        "LABEL" => Label(instruction),
        "MAINTAINER" => Maintainer(instruction),
        "ONBUILD" => OnBuild(instruction),
        "SHELL" => SetShell(instruction),
        "STOPSIGNAL" => StopSignal(instruction),
        "USER" => User(instruction),
        "VOLUME" => Volume(instruction),
        "WORKDIR" => Workdir(instruction),
        var other => throw DockerfileReader.ErrorAt(instruction.Line, $"unknown instruction: {other}"),
    };

    private string Argument(Instruction instruction)
    {
        NoFlags(instruction);
        var comment = new StringBuilder("ARG");
        foreach (var (name, value) in StageBuilder.ReadArguments(instruction, Lookup, escape))
        {
            arguments.Declare(name, value);
            comment.Append(' ').Append(name).Append(value is null ? "" : "=" + value);
        }

        return comment.ToString();
    }

    private string Command(Instruction instruction)
    {
        NoFlags(instruction);
        var command = ShellOrExec(instruction.Arguments);
        Config = Config with { Cmd = command };
        _commandSet = true;
        return $"CMD {Quoted(command)}";
    }

    private string Entrypoint(Instruction instruction)
    {
        NoFlags(instruction);
        var command = instruction.Arguments.Length == 0 ? null : ShellOrExec(instruction.Arguments);

        // A command of the base image is none for another entrypoint.
        Config = Config with { Entrypoint = command is { Count: > 0 } ? command : null, Cmd = _commandSet ? Config.Cmd : null };
        return $"ENTRYPOINT {Quoted(command ?? [])}";
    }

    private string Environment(Instruction instruction)
    {
        NoFlags(instruction);
        var comment = new StringBuilder("ENV");
        var environment = (Config.Env ?? []).ToList();
        foreach (var (rawName, rawValue) in Words.Pairs(instruction, escape))
        {
            var (name, value) = (Expand(rawName), Expand(rawValue));
            var at = environment.FindIndex(entry => entry.Split('=', 2)[0] == name);
            var entry = $"{name}={value}";
            if (at >= 0)
            {
                environment[at] = entry;
            }
            else
            {
                environment.Add(entry);
            }

            comment.Append(' ').Append(entry);
        }

        Config = Config with { Env = environment };
        return comment.ToString();
    }

    private string Expose(Instruction instruction)
    {
        NoFlags(instruction);
        var ports = new SortedDictionary<string, EmptyObject>(Config.ExposedPorts ?? [], StringComparer.Ordinal);
        var named = new List<string>();
        foreach (var word in Words.Split(Expand(Required(instruction)), escape))
        {
            named.AddRange(Ports(word));
        }

        named.Sort(StringComparer.Ordinal);
        named.ForEach(port => ports[port] = new EmptyObject());
        Config = Config with { ExposedPorts = new Dictionary<string, EmptyObject>(ports) };
        return $"EXPOSE {string.Join(' ', named)}";
    }

    /// <summary>80, 80/udp, 8000-8010/tcp; a host's part before a colon says nothing here.</summary>
    private static IEnumerable<string> Ports(string word)
    {
        var parts = word.Split('/', 2);
        var protocol = parts.ElementAtOrDefault(1)?.ToLowerInvariant() ?? "tcp";
        var range = parts[0][(parts[0].LastIndexOf(':') + 1)..].Split('-', 2);
        if (protocol is not ("tcp" or "udp" or "sctp"))
        {
            throw EngineException.BadRequest($"invalid proto: {protocol}");
        }

        if (!TryPort(range[0], out var first) || !TryPort(range[^1], out var last) || last < first)
        {
            throw EngineException.BadRequest($"invalid containerPort: {parts[0]}");
        }

        return Enumerable.Range(first, last - first + 1).Select(port => $"{port.ToString(CultureInfo.InvariantCulture)}/{protocol}");
    }

    private static bool TryPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= 65535;

    private string Healthcheck(Instruction instruction)
    {
        var flags = InstructionFlags.Read(instruction, "interval", "timeout", "start-period", "start-interval", "retries");
        var parts = Required(instruction).Split([' ', '\t'], 2);
        var kind = parts[0].ToUpperInvariant();
        if (kind == "NONE")
        {
            if (parts.Length > 1)
            {
                throw EngineException.BadRequest("HEALTHCHECK NONE takes no arguments");
            }

            Config = Config with { Healthcheck = new HealthConfig { Test = ["NONE"] } };
        }
        else if (kind == "CMD")
        {
            var text = parts.ElementAtOrDefault(1)?.Trim() ?? "";
            var exec = Words.Json(text);
            if (exec is { Count: 0 } || text.Length == 0)
            {
                throw EngineException.BadRequest("Missing command after HEALTHCHECK CMD");
            }

            Config = Config with
            {
                Healthcheck = new HealthConfig
                {
                    Test = exec is null ? ["CMD-SHELL", text] : ["CMD", .. exec],
                    Interval = Interval(flags, "interval"),
                    Timeout = Interval(flags, "timeout"),
                    StartPeriod = Interval(flags, "start-period"),
                    StartInterval = Interval(flags, "start-interval"),
                    Retries = Retries(flags),
                },
            };
        }
        else
        {
            throw EngineException.BadRequest($"Unknown type \"{kind}\" in HEALTHCHECK (try CMD)");
        }

        return $"HEALTHCHECK {string.Join(' ', [.. instruction.Flags, instruction.Arguments])}";
    }

    private static long? Interval(IReadOnlyDictionary<string, string> flags, string name)
    {
        if (!flags.TryGetValue(name, out var text) || text.Length == 0 || text == "0")
        {
            return null;
        }

        var duration = GoDuration.Parse(text);
        return duration is 0 or >= MinimumInterval
            ? duration
            : throw EngineException.BadRequest($"Interval \"{name}\" cannot be less than 1ms");
    }

    private static int? Retries(IReadOnlyDictionary<string, string> flags)
    {
        if (!flags.TryGetValue("retries", out var text) || text.Length == 0)
        {
            return null;
        }

        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var retries)
            ? retries >= 0 ? retries : throw EngineException.BadRequest($"--retries cannot be negative ({retries})")
            : throw EngineException.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax");
    }

    private string Label(Instruction instruction)
    {
        NoFlags(instruction);
        var labels = new Dictionary<string, string>(Config.Labels ?? []);
        var comment = new StringBuilder("LABEL");
        foreach (var (rawName, rawValue) in Words.Pairs(instruction, escape))
        {
            var (name, value) = (Expand(rawName), Expand(rawValue));
            labels[name] = value;
            comment.Append(' ').Append(name).Append('=').Append(value);
        }

        Config = Config with { Labels = labels };
        return comment.ToString();
    }

    private string Maintainer(Instruction instruction)
    {
        NoFlags(instruction);
        Author = Required(instruction);
        return $"MAINTAINER {Author}";
    }

    private string OnBuild(Instruction instruction)
    {
        NoFlags(instruction);
        var trigger = DockerfileReader.ReadOne(Required(instruction), escape);
        if (trigger.Name == "ONBUILD")
        {
            throw EngineException.BadRequest("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
        }

        if (trigger.Name is "FROM" or "MAINTAINER")
        {
            throw EngineException.BadRequest($"{trigger.Name} isn't allowed as an ONBUILD trigger");
        }

        var whole = instruction.Arguments + string.Concat(instruction.Documents.Select(document => $"\n{document.Content}{document.Name}"));
        Config = Config with { OnBuild = [.. Config.OnBuild ?? [], whole] };
        return $"ONBUILD {whole}";
    }

    private string SetShell(Instruction instruction)
    {
        NoFlags(instruction);
        var shell = Words.Json(Required(instruction)) ?? throw EngineException.BadRequest("SHELL requires the arguments to be in JSON form");
        Config = shell.Count > 0
            ? Config with { Shell = shell }
            : throw EngineException.BadRequest("SHELL requires at least one argument");
        return $"SHELL {Quoted(shell)}";
    }

    private string StopSignal(Instruction instruction)
    {
        NoFlags(instruction);
        var signal = Expand(Required(instruction));
        Signals.Parse(signal, Signals.Terminate);
        Config = Config with { StopSignal = signal };
        return $"STOPSIGNAL {signal}";
    }

    private string User(Instruction instruction)
    {
        NoFlags(instruction);
        var user = Expand(Required(instruction));
        Config = Config with { User = user };
        return $"USER {user}";
    }

    private string Volume(Instruction instruction)
    {
        NoFlags(instruction);
        Required(instruction);
        var named = Words.JsonOrSplit(instruction, escape).ConvertAll(Expand);
        if (named.Exists(volume => volume.Trim().Length == 0))
        {
            throw EngineException.BadRequest("VOLUME specified can not be an empty string");
        }

        var volumes = new Dictionary<string, EmptyObject>(Config.Volumes ?? []);
        named.ForEach(volume => volumes[volume] = new EmptyObject());
        Config = Config with { Volumes = volumes };
        return $"VOLUME [{string.Join(' ', named)}]";
    }

    private string Workdir(Instruction instruction)
    {
        NoFlags(instruction);
        var given = Expand(Required(instruction));
        Config = given.Length > 0
            ? Config with { WorkingDir = CopyTarget.Absolute(Config.WorkingDir ?? "", given) }
            : throw EngineException.BadRequest("cannot normalize nothing");
        return $"WORKDIR {Config.WorkingDir}";
    }

    public string Expand(string word) => Expansion.Word(word, Lookup, escape);

    public string? Lookup(string name)
    {
        foreach (var entry in Config.Env ?? [])
        {
            if (entry.Length > name.Length && entry[name.Length] == '=' && entry.StartsWith(name, StringComparison.Ordinal))
            {
                return entry[(name.Length + 1)..];
            }
        }

        return arguments.Find(name);
    }

    public IReadOnlyList<string> ShellOrExec(string arguments) => Words.Json(arguments) ?? (IReadOnlyList<string>)[.. Shell, arguments];

    private static void NoFlags(Instruction instruction) => InstructionFlags.Read(instruction);

    public static string Required(Instruction instruction) => instruction.Arguments.Length > 0
        ? instruction.Arguments
        : throw DockerfileReader.ErrorAt(instruction.Line, $"{instruction.Name} requires at least one argument");

    /// <summary>["a" "b"], as Docker's history has it.</summary>
    private static string Quoted(IReadOnlyList<string> words) => $"[{string.Join(' ', words.Select(Quote))}]";

    private static string Quote(string word) => $"\"{JsonEncodedText.Encode(word, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
}
