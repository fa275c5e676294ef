namespace Swarm.Engine.Build.Dockerfiles;

/// <summary>Flags before an instruction's arguments: --name=value.</summary>
internal static class InstructionFlags
{
    /// <exception cref="EngineException">400: unknown, repeated, or without a value.</exception>
    public static IReadOnlyDictionary<string, string> Read(Instruction instruction, params ReadOnlySpan<string> allowed)
    {
        var flags = new Dictionary<string, string>();
        foreach (var flag in instruction.Flags)
        {
            var equals = flag.IndexOf('=');
            var name = (equals < 0 ? flag : flag[..equals])[2..];
            if (!allowed.Contains(name))
            {
                throw IsOfBuildKit(instruction.Name, name)
                    ? EngineException.BadRequest($"the --{name} option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ to learn how to build images with BuildKit enabled")
                    : DockerfileReader.ErrorAt(instruction.Line, $"unknown flag: --{name}");
            }

            if (equals < 0)
            {
                throw DockerfileReader.ErrorAt(instruction.Line, $"missing a value on flag: --{name}");
            }

            if (!flags.TryAdd(name, flag[(equals + 1)..]))
            {
                throw DockerfileReader.ErrorAt(instruction.Line, $"duplicate flag specified: {name}");
            }
        }

        return flags;
    }

    private static bool IsOfBuildKit(string instruction, string flag) => (instruction, flag) is
        ("RUN", "mount" or "network" or "security") or ("COPY" or "ADD", "link" or "parents" or "exclude" or "checksum" or "keep-git-dir");
}
