using System.Globalization;
using System.Text;
using System.Text.Json;
using Swarm.Engine.Build.Dockerfiles;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Build;

/// <summary>The instructions that only change the configuration.</summary>
internal sealed partial class StageBuilder
{
    private const long MinimumInterval = 1_000_000;

    private Task DispatchAsync(Instruction instruction, CancellationToken cancellation) => instruction.Name switch
    {
        "ADD" or "COPY" => CopyAsync(instruction, cancellation),
        "RUN" => RunAsync(instruction, cancellation),
        "WORKDIR" => WorkdirAsync(instruction, cancellation),
        _ => CommitConfigAsync(Change(instruction), cancellation),
    };

    /// <summary>Applies an instruction to the configuration; answers its line of the history.</summary>
    private string Change(Instruction instruction) => instruction.Name switch
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
        var other => throw DockerfileReader.ErrorAt(instruction.Line, $"unknown instruction: {other}"),
    };

    private string Argument(Instruction instruction)
    {
        NoFlags(instruction);
        var comment = new StringBuilder("ARG");
        foreach (var (name, value) in ReadArguments(instruction, Lookup, _build.File.Escape))
        {
            _arguments.Declare(name, value);
            comment.Append(' ').Append(name).Append(value is null ? "" : "=" + value);
        }

        return comment.ToString();
    }

    private string Command(Instruction instruction)
    {
        NoFlags(instruction);
        var command = ShellOrExec(instruction.Arguments);
        _config = _config with { Cmd = command };
        _commandSet = true;
        return $"CMD {Quoted(command)}";
    }

    private string Entrypoint(Instruction instruction)
    {
        NoFlags(instruction);
        var command = instruction.Arguments.Length == 0 ? null : ShellOrExec(instruction.Arguments);

        // A command of the base image is none for another entrypoint.
        _config = _config with { Entrypoint = command is { Count: > 0 } ? command : null, Cmd = _commandSet ? _config.Cmd : null };
        return $"ENTRYPOINT {Quoted(command ?? [])}";
    }

    private string Environment(Instruction instruction)
    {
        NoFlags(instruction);
        var comment = new StringBuilder("ENV");
        var environment = (_config.Env ?? []).ToList();
        foreach (var (rawName, rawValue) in Words.Pairs(instruction, _build.File.Escape))
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

        _config = _config with { Env = environment };
        return comment.ToString();
    }

    private string Expose(Instruction instruction)
    {
        NoFlags(instruction);
        var ports = new SortedDictionary<string, EmptyObject>(_config.ExposedPorts ?? [], StringComparer.Ordinal);
        var named = new List<string>();
        foreach (var word in Words.Split(Expand(Required(instruction)), _build.File.Escape))
        {
            named.AddRange(Ports(word));
        }

        named.Sort(StringComparer.Ordinal);
        named.ForEach(port => ports[port] = new EmptyObject());
        _config = _config with { ExposedPorts = new Dictionary<string, EmptyObject>(ports) };
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

            _config = _config with { Healthcheck = new HealthConfig { Test = ["NONE"] } };
        }
        else if (kind == "CMD")
        {
            var text = parts.ElementAtOrDefault(1)?.Trim() ?? "";
            var exec = Words.Json(text);
            if (exec is { Count: 0 } || text.Length == 0)
            {
                throw EngineException.BadRequest("Missing command after HEALTHCHECK CMD");
            }

            _config = _config with
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
        var labels = new Dictionary<string, string>(_config.Labels ?? []);
        var comment = new StringBuilder("LABEL");
        foreach (var (rawName, rawValue) in Words.Pairs(instruction, _build.File.Escape))
        {
            var (name, value) = (Expand(rawName), Expand(rawValue));
            labels[name] = value;
            comment.Append(' ').Append(name).Append('=').Append(value);
        }

        _config = _config with { Labels = labels };
        return comment.ToString();
    }

    private string Maintainer(Instruction instruction)
    {
        NoFlags(instruction);
        _author = Required(instruction);
        return $"MAINTAINER {_author}";
    }

    private string OnBuild(Instruction instruction)
    {
        NoFlags(instruction);
        var trigger = DockerfileReader.ReadOne(Required(instruction), _build.File.Escape);
        if (trigger.Name == "ONBUILD")
        {
            throw EngineException.BadRequest("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
        }

        if (trigger.Name is "FROM" or "MAINTAINER")
        {
            throw EngineException.BadRequest($"{trigger.Name} isn't allowed as an ONBUILD trigger");
        }

        var whole = instruction.Arguments + string.Concat(instruction.Documents.Select(document => $"\n{document.Content}{document.Name}"));
        _config = _config with { OnBuild = [.. _config.OnBuild ?? [], whole] };
        return $"ONBUILD {whole}";
    }

    private string SetShell(Instruction instruction)
    {
        NoFlags(instruction);
        var shell = Words.Json(Required(instruction)) ?? throw EngineException.BadRequest("SHELL requires the arguments to be in JSON form");
        _config = shell.Count > 0
            ? _config with { Shell = shell }
            : throw EngineException.BadRequest("SHELL requires at least one argument");
        return $"SHELL {Quoted(shell)}";
    }

    private string StopSignal(Instruction instruction)
    {
        NoFlags(instruction);
        var signal = Expand(Required(instruction));
        Signals.Parse(signal, Signals.Terminate);
        _config = _config with { StopSignal = signal };
        return $"STOPSIGNAL {signal}";
    }

    private string User(Instruction instruction)
    {
        NoFlags(instruction);
        var user = Expand(Required(instruction));
        _config = _config with { User = user };
        return $"USER {user}";
    }

    private string Volume(Instruction instruction)
    {
        NoFlags(instruction);
        Required(instruction);
        var named = Words.JsonOrSplit(instruction, _build.File.Escape).ConvertAll(Expand);
        if (named.Exists(volume => volume.Trim().Length == 0))
        {
            throw EngineException.BadRequest("VOLUME specified can not be an empty string");
        }

        var volumes = new Dictionary<string, EmptyObject>(_config.Volumes ?? []);
        named.ForEach(volume => volumes[volume] = new EmptyObject());
        _config = _config with { Volumes = volumes };
        return $"VOLUME [{string.Join(' ', named)}]";
    }

    private IReadOnlyList<string> ShellOrExec(string arguments) => Words.Json(arguments) ?? (IReadOnlyList<string>)[.. Shell, arguments];

    private static void NoFlags(Instruction instruction) => InstructionFlags.Read(instruction);

    private static string Required(Instruction instruction) => instruction.Arguments.Length > 0
        ? instruction.Arguments
        : throw DockerfileReader.ErrorAt(instruction.Line, $"{instruction.Name} requires at least one argument");

    /// <summary>["a" "b"], as Docker's history has it.</summary>
    private static string Quoted(IReadOnlyList<string> words) => $"[{string.Join(' ', words.Select(Quote))}]";

    private static string Quote(string word) => $"\"{JsonEncodedText.Encode(word, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
}
