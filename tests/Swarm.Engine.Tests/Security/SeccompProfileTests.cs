using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Swarm.Engine.Security;

namespace Swarm.Engine.Tests.Security;

public sealed partial class SeccompProfileTests
{
    private static readonly SeccompProfile Default = SeccompProfile.For(DefaultCapabilities.Names, Architecture.X64);

    [Theory]
    [InlineData("unshare")]
    [InlineData("mount")]
    [InlineData("setns")]
    [InlineData("bpf")]
    [InlineData("keyctl")]
    [InlineData("io_uring_setup")]
    [InlineData("userfaultfd")]
    [InlineData("kexec_load")]
    [InlineData("open_by_handle_at")]
    [InlineData("perf_event_open")]
    [InlineData("settimeofday")]
    public void Dangerous_call_is_refused_by_default(string name) =>
        Assert.DoesNotContain(Default.Rules, rule => rule.Names.Contains(name) && rule.Action == SeccompProfile.ActionAllow);

    [Theory]
    [InlineData("CAP_SYS_ADMIN", "unshare")]
    [InlineData("CAP_SYS_ADMIN", "mount")]
    [InlineData("CAP_SYS_TIME", "settimeofday")]
    [InlineData("CAP_SYS_CHROOT", "chroot")]
    [InlineData("CAP_BPF", "bpf")]
    public void Capability_opens_its_calls(string capability, string name)
    {
        Assert.Contains(name, Allowed(SeccompProfile.For(new HashSet<string> { capability }, Architecture.X64)));
        Assert.DoesNotContain(name, Allowed(SeccompProfile.For(new HashSet<string>(), Architecture.X64)));
    }

    [Fact]
    public void New_namespaces_need_CAP_SYS_ADMIN()
    {
        var clone = Assert.Single(Default.Rules, rule => rule.Names.Contains("clone"));
        Assert.Equal(new SeccompArgument(0, 0x7E020000, 0, "SCMP_CMP_MASKED_EQ"), Assert.Single(clone.Arguments));
        var clone3 = Assert.Single(Default.Rules, rule => rule.Names.Contains("clone3"));
        Assert.Equal(("SCMP_ACT_ERRNO", 38), (clone3.Action, clone3.ErrnoRet));

        var admin = SeccompProfile.For(new HashSet<string> { "CAP_SYS_ADMIN" }, Architecture.X64);
        Assert.All(admin.Rules.Where(rule => rule.Names.Contains("clone") || rule.Names.Contains("clone3")), rule => Assert.Empty(rule.Arguments));
    }

    [Fact]
    public void No_name_is_twice_in_the_unconditional_rule()
    {
        var every = SeccompProfile.For(Syscalls.ByCapability.Keys.ToImmutableSortedSet(), Architecture.X64).Rules[0].Names;
        Assert.Empty(every.GroupBy(name => name).Where(group => group.Count() > 1).Select(group => group.Key));
    }

    [Fact]
    public void No_denied_call_is_allowed_by_any_capability()
    {
        var every = SeccompProfile.For(Syscalls.ByCapability.Keys.ToImmutableSortedSet(), Architecture.X64);
        Assert.Empty(Syscalls.Denied.Intersect(every.Rules.SelectMany(rule => rule.Names)));
    }

    /// <summary>A call that a newer kernel header brings must be decided upon, not forgotten.</summary>
    [SkippableHeaderTheory]
    [InlineData("unistd_64.h")]
    [InlineData("unistd_32.h")]
    public void Every_call_of_the_kernel_header_is_decided(string header)
    {
        var known = Names().Matches(File.ReadAllText(SkippableHeaderTheoryAttribute.Folder + header)).Select(match => match.Groups[1].Value);
        var decided = Syscalls.Always.Concat(Syscalls.Conditional).Concat(Syscalls.Denied).Concat(Syscalls.Of(Architecture.X64))
            .Concat(Syscalls.ByCapability.Values.SelectMany(names => names));
        Assert.Empty(known.Except(decided));
    }

    private static IEnumerable<string> Allowed(SeccompProfile profile) => profile.Rules[0].Names;

    [GeneratedRegex("__NR_([a-z0-9_]+)")]
    private static partial Regex Names();
}

/// <summary>Runs where the kernel's headers are installed.</summary>
internal sealed class SkippableHeaderTheoryAttribute : TheoryAttribute
{
    public const string Folder = "/usr/include/x86_64-linux-gnu/asm/";

    public SkippableHeaderTheoryAttribute() => Skip = Directory.Exists(Folder) ? null : $"no kernel headers in {Folder}";
}
