using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Build;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Images;

namespace Swarm.Api.Build;

/// <summary>The query of POST /build.</summary>
internal static class BuildQuery
{
    private const int MaxConfigHeader = 1 << 20;

    /// <exception cref="EngineException">400: malformed; 501: of BuildKit, or a remote context.</exception>
    public static BuildOptions Read(HttpContext context)
    {
        Refuse(context);
        var force = context.QueryBool("forcerm");
        var credentials = Credentials(context.Request.Headers["X-Registry-Config"].ToString());
        return new BuildOptions
        {
            Dockerfile = context.QueryString("dockerfile") is { Length: > 0 } path ? path : BuildOptions.DefaultDockerfile,
            Tags = context.QueryStrings("t"),
            Target = context.QueryString("target"),
            Arguments = Parse(context, "buildargs", "build args", BuildJson.Default.DictionaryStringString) ?? [],
            Labels = (Parse(context, "labels", "labels", BuildJson.Default.DictionaryStringString) ?? [])
                .ToDictionary(label => label.Key, label => label.Value ?? ""),
            NoCache = context.QueryBool("nocache"),
            Pull = context.QueryBool("pull"),
            Remove = force || context.QueryString("rm").Length == 0 || context.QueryBool("rm"),
            ForceRemove = force,
            CacheFrom = [.. (Parse(context, "cachefrom", "cache-from", BuildJson.Default.ListString) ?? []).Where(name => !string.IsNullOrEmpty(name))],
            Host = Host(context),
            RegistryAuth = host => credentials.GetValueOrDefault(host),
        };
    }

    private static void Refuse(HttpContext context)
    {
        switch (context.QueryString("version"))
        {
            case "" or "1":
                break;
            case "2":
                throw EngineException.NotImplemented("BuildKit is not built: use the classic builder (DOCKER_BUILDKIT=0 docker build)");
            case var other:
                throw EngineException.BadRequest($"invalid version {other}");
        }

        if (context.QueryString("remote").Length > 0)
        {
            throw EngineException.NotImplemented("remote build contexts are not built: clone or download the context and send it");
        }

        if (context.QueryBool("squash"))
        {
            throw EngineException.BadRequest("squash is only supported with experimental mode");
        }

        if (context.QueryStrings("securityopt").Count > 0)
        {
            throw EngineException.BadRequest("The daemon on this platform does not support setting security options on build");
        }

        if (context.QueryString("isolation") is not ("" or "default") and var isolation)
        {
            throw EngineException.BadRequest($"Unsupported isolation: \"{isolation}\"");
        }

        if (context.QueryString("platform") is { Length: > 0 } platform && !ImagePlatform.Parse(platform).IsOwn)
        {
            throw EngineException.NotImplemented($"building for the platform {platform} is not built: this engine runs programs of its own machine only");
        }
    }

    private static HostConfig Host(HttpContext context) => new()
    {
        Memory = context.QueryInt("memory") ?? 0,
        MemorySwap = context.QueryInt("memswap") ?? 0,
        CpuShares = context.QueryInt("cpushares") ?? 0,
        CpuPeriod = context.QueryInt("cpuperiod") ?? 0,
        CpuQuota = context.QueryInt("cpuquota") ?? 0,
        CpusetCpus = context.QueryString("cpusetcpus"),
        CpusetMems = context.QueryString("cpusetmems"),
        CgroupParent = context.QueryString("cgroupparent"),
        ShmSize = context.QueryInt("shmsize") ?? 0,
        NetworkMode = context.QueryString("networkmode"),
        ExtraHosts = context.QueryStrings("extrahosts"),
        Ulimits = Parse(context, "ulimits", "ulimit settings", BuildJson.Default.ListUlimit),

        // The output is in the build's own stream.
        LogConfig = new LogConfig { Type = "none" },
    };

    private static T? Parse<T>(HttpContext context, string name, string what, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        var text = context.QueryString(name);
        if (text.Length == 0)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(text, type);
        }
        catch (JsonException e)
        {
            throw new EngineException(StatusCodes.Status400BadRequest, $"error reading {what}: {JsonRefusal.Complaint(Encoding.UTF8.GetBytes(text), e, type)}", e);
        }
    }

    /// <summary>X-Registry-Config: what the client knows of each registry, as one X-Registry-Auth a host. Docker forgives a malformed one.</summary>
    private static Dictionary<string, string> Credentials(string header)
    {
        var credentials = new Dictionary<string, string>(StringComparer.Ordinal);
        if (header.Length is 0 or > MaxConfigHeader)
        {
            return credentials;
        }

        try
        {
            var plain = header.Replace('-', '+').Replace('_', '/').TrimEnd('=');
            using var document = JsonDocument.Parse(Convert.FromBase64String(plain.PadRight((plain.Length + 3) / 4 * 4, '=')));
            foreach (var entry in document.RootElement.EnumerateObject())
            {
                credentials[RegistryHost.Of(entry.Name)] = Convert.ToBase64String(Encoding.UTF8.GetBytes(entry.Value.GetRawText()));
            }
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException)
        {
            credentials.Clear();
        }

        return credentials;
    }
}

[JsonSerializable(typeof(Dictionary<string, string?>))]
[JsonSerializable(typeof(List<string>))]
[JsonSerializable(typeof(List<Ulimit>))]
[JsonSerializable(typeof(BuildPruneAnswer))]
internal sealed partial class BuildJson : JsonSerializerContext;

internal sealed record BuildPruneAnswer(IReadOnlyList<string>? CachesDeleted, long SpaceReclaimed);
