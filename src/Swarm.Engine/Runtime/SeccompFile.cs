using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Swarm.Engine.Runtime;

/// <summary>
/// A profile in Docker's own format (profiles/seccomp of its documentation): rules that hold with some capabilities or on some architectures
/// only. What is left of it for this container is the runtime's format.
/// </summary>
internal static class SeccompFile
{
    /// <exception cref="EngineException">400: not a profile.</exception>
    public static OciSeccomp Parse(string json, IReadOnlySet<string> capabilities)
    {
        SeccompDocument? document;
        try
        {
            document = JsonSerializer.Deserialize(json, SeccompJson.Default.SeccompDocument);
        }
        catch (JsonException e)
        {
            throw new EngineException(400, $"Decoding seccomp profile failed: {e.Message}", e);
        }

        if (string.IsNullOrEmpty(document?.DefaultAction))
        {
            throw EngineException.BadRequest("Decoding seccomp profile failed: it has no defaultAction");
        }

        if (document is { Architectures.Count: > 0, ArchMap.Count: > 0 })
        {
            throw EngineException.BadRequest("'architectures' and 'archMap' were specified in the seccomp profile, use either 'architectures' or 'archMap'");
        }

        var native = NativeArchitecture();
        var map = document.ArchMap?.Find(m => m.Architecture == native);
        return new OciSeccomp(
            document.DefaultAction,
            document.DefaultErrnoRet,
            map is not null ? [map.Architecture!, .. map.SubArchitectures ?? []] : document.Architectures ?? [],
            [.. (document.Syscalls ?? []).Where(rule => Holds(rule, capabilities)).Select(ToOci)]);
    }

    private static OciSyscall ToOci(SeccompDocumentRule rule)
    {
        if (!string.IsNullOrEmpty(rule.Name) && rule.Names is { Count: > 0 })
        {
            throw EngineException.BadRequest("'name' and 'names' were specified in the seccomp profile, use either 'name' or 'names'");
        }

        return new OciSyscall(
            string.IsNullOrEmpty(rule.Name) ? rule.Names ?? [] : [rule.Name],
            rule.Action ?? "",
            rule.ErrnoRet,
            rule.Args is { Count: > 0 } args ? [.. args.Select(a => new OciSyscallArgument(a.Index, a.Value, a.ValueTwo, a.Op ?? ""))] : null);
    }

    private static bool Holds(SeccompDocumentRule rule, IReadOnlySet<string> capabilities)
    {
        var architecture = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64";
        var (includes, excludes) = (rule.Includes, rule.Excludes);
        return !(excludes?.Arches is { Count: > 0 } && excludes.Arches.Contains(architecture))
            && !(excludes?.Caps?.Exists(capabilities.Contains) ?? false)
            && !(excludes?.MinKernel is { Length: > 0 } tooNew && IsKernel(tooNew))
            && (includes?.Arches is not { Count: > 0 } || includes.Arches.Contains(architecture))
            && (includes?.Caps?.TrueForAll(capabilities.Contains) ?? true)
            && (includes?.MinKernel is not { Length: > 0 } oldest || IsKernel(oldest));
    }

    private static bool IsKernel(string atLeast) =>
        Version.TryParse(atLeast, out var wanted) ? Environment.OSVersion.Version >= wanted : throw EngineException.BadRequest($"Decoding seccomp profile failed: minKernel \"{atLeast}\" is not a version");

    private static string NativeArchitecture() => RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "SCMP_ARCH_AARCH64" : "SCMP_ARCH_X86_64";
}

internal sealed record SeccompDocument
{
    public string? DefaultAction { get; set; }
    public int? DefaultErrnoRet { get; set; }
    public List<string>? Architectures { get; set; }
    public List<SeccompArchitecture>? ArchMap { get; set; }
    public List<SeccompDocumentRule>? Syscalls { get; set; }
}

internal sealed record SeccompArchitecture
{
    public string? Architecture { get; set; }
    public List<string>? SubArchitectures { get; set; }
}

internal sealed record SeccompDocumentRule
{
    public string? Name { get; set; }
    public List<string>? Names { get; set; }
    public string? Action { get; set; }
    public int? ErrnoRet { get; set; }
    public List<SeccompDocumentArgument>? Args { get; set; }
    public SeccompCondition? Includes { get; set; }
    public SeccompCondition? Excludes { get; set; }
}

internal sealed record SeccompDocumentArgument
{
    public uint Index { get; set; }
    public ulong Value { get; set; }
    public ulong ValueTwo { get; set; }
    public string? Op { get; set; }
}

internal sealed record SeccompCondition
{
    public List<string>? Arches { get; set; }
    public List<string>? Caps { get; set; }
    public string? MinKernel { get; set; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(SeccompDocument))]
internal sealed partial class SeccompJson : JsonSerializerContext;
