using System.Text.RegularExpressions;

namespace Swarm.Engine.Build.Dockerfiles;

/// <summary>A FROM and what follows it.</summary>
/// <param name="Index">From 0.</param>
/// <param name="Name">Lower case; empty if it has none.</param>
/// <param name="Base">As written, with variables.</param>
/// <param name="FirstStep">Number of the FROM among all steps, from 1.</param>
internal sealed record Stage(int Index, string Name, string Base, string Platform, Instruction From, IReadOnlyList<Instruction> Instructions, int FirstStep);

/// <summary>A Dockerfile divided into its stages.</summary>
/// <param name="Arguments">The ARGs before the first FROM.</param>
internal sealed partial record Stages(IReadOnlyList<Instruction> Arguments, IReadOnlyList<Stage> List, int Steps)
{
    /// <param name="target">The last stage that is wanted, by name or number; empty: all.</param>
    /// <param name="labels">Set by the last stage.</param>
    /// <exception cref="EngineException">400.</exception>
    public static Stages Of(Dockerfile file, string target, IReadOnlyDictionary<string, string> labels)
    {
        var arguments = file.Instructions.TakeWhile(instruction => instruction.Name == "ARG").ToList();
        var rest = file.Instructions.Skip(arguments.Count).ToList();
        if (rest is [] || rest[0].Name != "FROM")
        {
            var line = rest is [var first, ..] ? first.Line : file.Instructions[^1].Line;
            throw DockerfileReader.ErrorAt(line, "no build stage in current context");
        }

        var stages = new List<Stage>();
        for (var i = 0; i < rest.Count;)
        {
            var body = rest.Skip(i + 1).TakeWhile(instruction => instruction.Name != "FROM").ToList();
            stages.Add(Begin(rest[i], body, stages.Count));
            i += 1 + body.Count;
        }

        if (target.Length > 0)
        {
            var at = stages.FindIndex(stage => stage.Name == target.ToLowerInvariant() || stage.Index.ToString() == target);
            stages = at >= 0 ? stages[..(at + 1)] : throw EngineException.BadRequest($"failed to reach build target {target} in Dockerfile");
        }

        var last = stages[^1];
        stages[^1] = last with { Instructions = [.. last.Instructions, .. labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(Label)] };
        var step = arguments.Count + 1;
        for (var i = 0; i < stages.Count; i++)
        {
            stages[i] = stages[i] with { FirstStep = step };
            step += 1 + stages[i].Instructions.Count;
        }

        return new Stages(arguments, stages, step - 1);
    }

    private static Stage Begin(Instruction from, IReadOnlyList<Instruction> body, int index)
    {
        var words = from.Arguments.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        var name = words switch
        {
            [_] => "",
            [_, var word, var given] when word.Equals("AS", StringComparison.OrdinalIgnoreCase) => given.ToLowerInvariant(),
            _ => throw DockerfileReader.ErrorAt(from.Line, "FROM requires either one or three arguments"),
        };
        if (name.Length > 0 && !StageName().IsMatch(name))
        {
            throw DockerfileReader.ErrorAt(
                from.Line, $"invalid name for build stage: \"{name}\", name can't start with a number or contain symbols");
        }

        var platform = InstructionFlags.Read(from, "platform").GetValueOrDefault("platform", "");
        return new Stage(index, name, words[0], platform, from, body, 0);
    }

    /// <summary>--label: quoted, so that nothing in it is expanded.</summary>
    private static Instruction Label(KeyValuePair<string, string> label)
    {
        var quoted = $"{Quote(label.Key)}={Quote(label.Value)}";
        return new Instruction("LABEL", $"LABEL {label.Key}={label.Value}", [], quoted, 0, []);
    }

    private static string Quote(string text) => "'" + text.Replace("'", "'\"'\"'", StringComparison.Ordinal) + "'";

    [GeneratedRegex(@"^[a-z][a-z0-9_.-]*\z")]
    private static partial Regex StageName();
}
