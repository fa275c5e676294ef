namespace Swarm.Engine.Runtime;

/// <summary>SecurityOpt of HostConfig, as Docker takes it on a machine without AppArmor and SELinux: their options are accepted and mean nothing.</summary>
/// <param name="Seccomp">Empty: the default profile; "unconfined"; else a profile's JSON.</param>
/// <param name="AppArmor">As given, for `docker inspect`.</param>
internal sealed record SecurityOptions(string Seccomp, string AppArmor, bool NoNewPrivileges, bool WritableCgroups)
{
    public const string Unconfined = "unconfined";
    private const string Builtin = "builtin";

    /// <exception cref="EngineException">400 with Docker's words.</exception>
    public static SecurityOptions Parse(IReadOnlyList<string>? options) => Parse(options, new SecurityOptions("", "", false, false));

    /// <summary>As a container that does not say otherwise has them.</summary>
    public static SecurityOptions Parse(IReadOnlyList<string>? options, ContainerDefaults defaults) =>
        Parse(options, new SecurityOptions(defaults.SeccompProfile, "", defaults.NoNewPrivileges, false));

    private static SecurityOptions Parse(IReadOnlyList<string>? options, SecurityOptions result)
    {
        foreach (var option in options ?? [])
        {
            if (option is "no-new-privileges")
            {
                result = result with { NoNewPrivileges = true };
                continue;
            }

            if (option is "disable")
            {
                continue;
            }

            var separator = option.Contains('=', StringComparison.Ordinal) ? option.IndexOf('=', StringComparison.Ordinal) : option.IndexOf(':', StringComparison.Ordinal);
            if (separator < 0)
            {
                throw EngineException.BadRequest($"invalid --security-opt 1: \"{option}\"");
            }

            var value = option[(separator + 1)..];
            result = option[..separator] switch
            {
                "label" => result,
                "apparmor" => result with { AppArmor = value },
                "seccomp" => result with { Seccomp = value == Builtin ? "" : value },
                "no-new-privileges" => result with { NoNewPrivileges = Truth(value, option) },
                "writable-cgroups" => result with { WritableCgroups = Truth(value, option) },
                _ => throw EngineException.BadRequest($"invalid --security-opt 2: \"{option}\""),
            };
        }

        return result;
    }

    private static bool Truth(string value, string option) => value switch
    {
        "1" or "t" or "T" or "TRUE" or "true" or "True" => true,
        "0" or "f" or "F" or "FALSE" or "false" or "False" => false,
        _ => throw EngineException.BadRequest($"invalid --security-opt 2: \"{option}\""),
    };
}
