using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Swarm.Engine.Security;

/// <summary>
/// Which system calls a container may make: `linux.seccomp` of the OCI runtime specification (config-linux.md, "Seccomp"). Everything that no
/// rule allows fails with <see cref="DefaultErrnoRet"/>.
/// </summary>
public sealed record SeccompProfile
{
    public const string ActionErrno = "SCMP_ACT_ERRNO";
    public const string ActionAllow = "SCMP_ACT_ALLOW";

    private const int EPERM = 1;
    private const int ENOSYS = 38;

    /// <summary>CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET of clone(2).</summary>
    private const ulong NamespaceFlags = 0x7E02_0000;

    /// <summary>socket(2): machine-wide, knows no network namespace, so a container could reach the hypervisor.</summary>
    private const ulong AF_VSOCK = 40;

    /// <summary>personality(2): PER_LINUX, PER_LINUX32, each with and without UNAME26, and the query.</summary>
    private static readonly ImmutableArray<ulong> Personalities = [0x0, 0x8, 0x2_0000, 0x2_0008, 0xFFFF_FFFF];

    public required string DefaultAction { get; init; }
    public required int DefaultErrnoRet { get; init; }

    /// <summary>SCMP_ARCH_*: the native one and those that the kernel runs beside it.</summary>
    public required ImmutableArray<string> Architectures { get; init; }
    public required ImmutableArray<SeccompRule> Rules { get; init; }

    /// <summary>
    /// The default profile, as strict as Docker's, for this machine's architecture. A call that needs a capability is allowed only with it, so
    /// that the kernel code behind it is out of reach of others.
    /// </summary>
    /// <param name="capabilities">The container's bounding set, in the form CAP_SYS_ADMIN.</param>
    public static SeccompProfile For(IReadOnlySet<string> capabilities) => For(capabilities, RuntimeInformation.OSArchitecture);

    /// <inheritdoc cref="For(IReadOnlySet{string})"/>
    /// <exception cref="PlatformNotSupportedException">No list for this architecture.</exception>
    public static SeccompProfile For(IReadOnlySet<string> capabilities, Architecture architecture)
    {
        var rules = ImmutableArray.CreateBuilder<SeccompRule>();
        rules.Add(SeccompRule.Allow([.. Syscalls.Always, .. Syscalls.Of(architecture), .. Syscalls.Granted(capabilities)]));
        rules.Add(SeccompRule.Allow(["socket"], new SeccompArgument(0, AF_VSOCK, 0, SeccompArgument.NotEqual)));
        foreach (var personality in Personalities)
        {
            rules.Add(SeccompRule.Allow(["personality"], new SeccompArgument(0, personality, 0, SeccompArgument.Equal)));
        }

        if (!capabilities.Contains("CAP_SYS_ADMIN"))
        {
            rules.Add(SeccompRule.Allow(["clone"], new SeccompArgument(0, NamespaceFlags, 0, SeccompArgument.MaskedEqual)));

            // clone3 passes its flags in memory, out of seccomp's sight. ENOSYS makes the C libraries fall back to clone; EPERM would not.
            rules.Add(new SeccompRule(["clone3"], ActionErrno, ENOSYS, []));
        }

        return new SeccompProfile
        {
            DefaultAction = ActionErrno,
            DefaultErrnoRet = EPERM,
            Architectures = ArchitecturesOf(architecture),
            Rules = rules.DrainToImmutable(),
        };
    }

    private static ImmutableArray<string> ArchitecturesOf(Architecture architecture) => architecture switch
    {
        Architecture.X64 => ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        Architecture.Arm64 => ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
        _ => throw new PlatformNotSupportedException($"no seccomp profile for the architecture {architecture}"),
    };
}

/// <param name="ErrnoRet">Only with <see cref="SeccompProfile.ActionErrno"/>; null: the profile's.</param>
/// <param name="Arguments">All must hold.</param>
public sealed record SeccompRule(ImmutableArray<string> Names, string Action, int? ErrnoRet, ImmutableArray<SeccompArgument> Arguments)
{
    public static SeccompRule Allow(ImmutableArray<string> names, params ReadOnlySpan<SeccompArgument> arguments) =>
        new(names, SeccompProfile.ActionAllow, null, [.. arguments]);
}

/// <summary>A condition on one argument of a system call.</summary>
/// <param name="Index">0 to 5.</param>
/// <param name="Value">What it is compared with; the mask for <see cref="MaskedEqual"/>.</param>
/// <param name="ValueTwo">What the masked value is compared with.</param>
public sealed record SeccompArgument(uint Index, ulong Value, ulong ValueTwo, string Operation)
{
    public const string Equal = "SCMP_CMP_EQ";
    public const string NotEqual = "SCMP_CMP_NE";
    public const string MaskedEqual = "SCMP_CMP_MASKED_EQ";
}
