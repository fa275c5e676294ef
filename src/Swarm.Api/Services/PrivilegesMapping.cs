using Swarm.Engine;
using Swarm.Model;
using static Swarm.Api.Wire.WireValues;

namespace Swarm.Api.Services;

/// <summary>ContainerSpec.Privileges, both ways.</summary>
internal static class PrivilegesMapping
{
    internal static Privileges? Read(Wire.Privileges? privileges)
    {
        if (privileges is null)
        {
            return null;
        }

        if (TaskSpecReader.Given(privileges.CredentialSpec))
        {
            throw EngineException.NotImplemented("ContainerSpec.Privileges.CredentialSpec is for managed service accounts of Windows, which a Linux node has not");
        }

        return new Privileges
        {
            NoNewPrivileges = privileges.NoNewPrivileges ?? false,
            Seccomp = privileges.Seccomp?.Mode switch
            {
                null when privileges.Seccomp is null => null,
                null or "" or "default" => SeccompMode.Default,
                "unconfined" => SeccompMode.Unconfined,
                "custom" => SeccompMode.Custom,
                var other => throw EngineException.BadRequest($"invalid seccomp mode: \"{other}\""),
            },
            SeccompProfile = privileges.Seccomp?.Profile ?? [],
            AppArmor = privileges.AppArmor?.Mode switch
            {
                null when privileges.AppArmor is null => null,
                null or "" or "default" => AppArmorMode.Default,
                "disabled" => AppArmorMode.Disabled,
                var other => throw EngineException.BadRequest($"invalid AppArmor mode: \"{other}\""),
            },
            SELinux = privileges.SELinuxContext is { } context
                ? new SELinuxContext { Disable = context.Disable ?? false, User = context.User ?? "", Role = context.Role ?? "", Type = context.Type ?? "", Level = context.Level ?? "" }
                : null,
        };
    }

    internal static Wire.Privileges? Write(Privileges? privileges) => privileges is null ? null : new Wire.Privileges
    {
        NoNewPrivileges = NullIfDefault(privileges.NoNewPrivileges),
        Seccomp = privileges.Seccomp is { } seccomp
            ? new Wire.SeccompOpts
            {
                Mode = seccomp switch { SeccompMode.Unconfined => "unconfined", SeccompMode.Custom => "custom", _ => "default" },
                Profile = privileges.SeccompProfile.Length == 0 ? null : privileges.SeccompProfile,
            }
            : null,
        AppArmor = privileges.AppArmor is { } armor ? new Wire.AppArmorOpts { Mode = armor == AppArmorMode.Disabled ? "disabled" : "default" } : null,
        SELinuxContext = privileges.SELinux is { } context
            ? new Wire.SELinuxContext { Disable = context.Disable, User = context.User, Role = context.Role, Type = context.Type, Level = context.Level }
            : null,
    };
}
