using System.Security.Cryptography;
using System.Text.Json;
using Swarm.Engine.Security;
using Swarm.Linux;

namespace Swarm.Engine.Runtime;

/// <summary>
/// Compiling a filter is half of crun's start (27 ms against 12). crun leaves what it compiled in its state folder; it is kept here, by the hash
/// of the profile, and given ready-made to later containers. Other runtimes leave nothing and always get the profile.
/// </summary>
/// <param name="notKept">Hears why a filter could not be kept, which costs the next containers only time.</param>
public sealed class SeccompCache(string folder, string runtimeState, Action<IOException> notKept)
{
    public const string Annotation = "run.oci.seccomp_bpf_data";
    private const string RuntimeFile = "seccomp.bpf";

    private readonly Lock _harvesting = new();

    /// <summary>The profile for a set of capabilities, and its compiled form if it is known.</summary>
    public (string Key, OciSeccomp Profile, string? Compiled) Get(IReadOnlySet<string> capabilities) => Get(ToOci(SeccompProfile.For(capabilities)));

    /// <summary>The same of a profile that a user gave.</summary>
    public (string Key, OciSeccomp Profile, string? Compiled) Get(OciSeccomp profile)
    {
        var key = Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(profile, OciJson.Default.OciSeccomp)));
        var file = FileOf(key);
        return (key, profile, File.Exists(file) ? Convert.ToBase64String(File.ReadAllBytes(file)) : null);
    }

    /// <summary>After a start with the uncompiled profile: keeps what the runtime compiled. The container runs by now, so nothing here may undo its start.</summary>
    public void Harvest(string key, string runtimeId)
    {
        // The first containers of a node start at once, and all of them bring the same.
        lock (_harvesting)
        {
            try
            {
                var compiled = Path.Combine(runtimeState, runtimeId, RuntimeFile);
                if (File.Exists(compiled) && !File.Exists(FileOf(key)))
                {
                    Directory.CreateDirectory(folder);
                    DurableFile.Write(FileOf(key), File.ReadAllBytes(compiled));
                }
            }
            catch (IOException e)
            {
                notKept(e);
            }
        }
    }

    private string FileOf(string key) => Path.Combine(folder, key + ".bpf");

    private static OciSeccomp ToOci(SeccompProfile profile) => new(
        profile.DefaultAction,
        profile.DefaultErrnoRet,
        profile.Architectures,
        [.. profile.Rules.Select(rule => new OciSyscall(
            rule.Names,
            rule.Action,
            rule.ErrnoRet,
            rule.Arguments.IsEmpty ? null : [.. rule.Arguments.Select(a => new OciSyscallArgument(a.Index, a.Value, a.ValueTwo, a.Operation))]))]);
}
