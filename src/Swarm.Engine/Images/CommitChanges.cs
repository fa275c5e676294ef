using System.Text;
using System.Text.Json;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Runtime;

namespace Swarm.Engine.Images;

/// <summary>The `changes` of `docker commit`: lines of a Dockerfile that only change the configuration.</summary>
public static class CommitChanges
{
    /// <exception cref="EngineException">400: not such a line.</exception>
    public static ContainerConfig Apply(ContainerConfig config, IEnumerable<string> changes)
    {
        foreach (var line in changes.SelectMany(c => c.Split('\n')).Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#'))
        {
            var parts = line.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries);
            var arguments = parts.Length == 2 ? parts[1].Trim() : "";
            if (arguments.Length == 0)
            {
                throw EngineException.BadRequest($"{parts[0].ToUpperInvariant()} requires at least one argument");
            }

            config = Apply(config, parts[0].ToUpperInvariant(), arguments);
        }

        return config;
    }

    private static ContainerConfig Apply(ContainerConfig config, string instruction, string arguments) => instruction switch
    {
        "CMD" => config with { Cmd = Command(config, arguments) },
        "ENTRYPOINT" => config with { Entrypoint = Command(config, arguments), Cmd = null },
        "ENV" => config with { Env = SpecWriter.Overlay(config.Env ?? [], [.. Pairs(arguments).Select(p => $"{p.Name}={p.Value}")]) },
        "LABEL" => config with { Labels = Labels(config, arguments) },
        "EXPOSE" => config with { ExposedPorts = Union(config.ExposedPorts, Words(arguments).Select(Port)) },
        "VOLUME" => config with { Volumes = Union(config.Volumes, Json(arguments) ?? Words(arguments)) },
        "USER" => config with { User = arguments },
        "WORKDIR" => config with { WorkingDir = Path.GetFullPath(Path.Combine(string.IsNullOrEmpty(config.WorkingDir) ? "/" : config.WorkingDir, arguments)) },
        "STOPSIGNAL" => config with { StopSignal = Signal(arguments) },
        "ONBUILD" => config with { OnBuild = [.. config.OnBuild ?? [], arguments] },
        "HEALTHCHECK" => config with { Healthcheck = Healthcheck(config, arguments) },
        _ => throw EngineException.BadRequest($"{instruction} is not a valid change command"),
    };

    private static IReadOnlyList<string> Command(ContainerConfig config, string arguments) =>
        Json(arguments) ?? [.. config.Shell is { Count: > 0 } shell ? shell : ["/bin/sh", "-c"], arguments];

    private static Dictionary<string, string> Labels(ContainerConfig config, string arguments)
    {
        var labels = new Dictionary<string, string>(config.Labels ?? []);
        foreach (var (name, value) in Pairs(arguments))
        {
            labels[name] = value;
        }

        return labels;
    }

    private static string Port(string text)
    {
        var (port, protocol) = PortRequests.Parse(text);
        return $"{port}/{protocol}";
    }

    private static string Signal(string text)
    {
        Signals.Parse(text, Signals.Terminate);
        return text;
    }

    private static HealthConfig Healthcheck(ContainerConfig config, string arguments)
    {
        if (arguments.Equals("NONE", StringComparison.OrdinalIgnoreCase))
        {
            return new HealthConfig { Test = ["NONE"] };
        }

        return arguments.StartsWith("CMD ", StringComparison.OrdinalIgnoreCase)
            ? (config.Healthcheck ?? new HealthConfig()) with { Test = Json(arguments[4..].Trim()) is { } words ? ["CMD", .. words] : ["CMD-SHELL", arguments[4..].Trim()] }
            : throw EngineException.BadRequest("HEALTHCHECK in a change is NONE or CMD and a command");
    }

    private static Dictionary<string, EmptyObject> Union(Dictionary<string, EmptyObject>? old, IEnumerable<string> more)
    {
        var all = new Dictionary<string, EmptyObject>(old ?? []);
        foreach (var name in more)
        {
            all[name] = new EmptyObject();
        }

        return all;
    }

    /// <summary>NAME=VALUE..., or the old form of one NAME and the rest of the line.</summary>
    private static List<(string Name, string Value)> Pairs(string arguments)
    {
        var words = Words(arguments);
        if (!words[0].Contains('=', StringComparison.Ordinal))
        {
            var old = arguments.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries);
            return old.Length == 2 ? [(old[0], old[1])] : throw EngineException.BadRequest($"Syntax error - can't find = in \"{words[0]}\". Must be of the form: name=value");
        }

        return words.ConvertAll(word => word.IndexOf('=', StringComparison.Ordinal) is > 0 and var at
            ? (word[..at], word[(at + 1)..])
            : throw EngineException.BadRequest($"Syntax error - can't find = in \"{word}\". Must be of the form: name=value"));
    }

    private static List<string>? Json(string arguments)
    {
        if (!arguments.StartsWith('['))
        {
            return null;
        }

        try
        {
            using var list = JsonDocument.Parse(arguments);
            return list.RootElement.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String)
                ? [.. list.RootElement.EnumerateArray().Select(e => e.GetString()!)]
                : null;
        }
        catch (JsonException)
        {
            return null; // a command line that happens to begin with a bracket
        }
    }

    /// <summary>Words, with quotes and backslashes as a shell takes them.</summary>
    private static List<string> Words(string text)
    {
        List<string> words = [];
        var word = new StringBuilder();
        var (quote, inWord) = ('\0', false);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quote == '\0' && char.IsWhiteSpace(c))
            {
                if (inWord)
                {
                    words.Add(word.ToString());
                    word.Clear();
                    inWord = false;
                }

                continue;
            }

            inWord = true;
            if (c == '\\' && quote != '\'' && i + 1 < text.Length)
            {
                word.Append(text[++i]);
            }
            else if (quote == '\0' ? c is '"' or '\'' : c == quote)
            {
                quote = quote == '\0' ? c : '\0';
            }
            else
            {
                word.Append(c);
            }
        }

        if (inWord)
        {
            words.Add(word.ToString());
        }

        return words;
    }
}
