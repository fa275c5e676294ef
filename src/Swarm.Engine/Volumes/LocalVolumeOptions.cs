namespace Swarm.Engine.Volumes;

/// <summary>What `docker volume create --opt` may say for the local driver: a file system to mount at the volume, as mount(8) takes it.</summary>
internal static class LocalVolumeOptions
{
    public const string Type = "type", Device = "device", Options = "o";

    /// <exception cref="EngineException">400: an unknown option, or one that lacks another.</exception>
    public static void Check(string volume, IReadOnlyDictionary<string, string>? options)
    {
        if (options is not { Count: > 0 })
        {
            return;
        }

        if (options.Keys.FirstOrDefault(key => key is not (Type or Device or Options or "size")) is { } unknown)
        {
            throw Invalid($"invalid option: \"{unknown}\"");
        }

        if (options.ContainsKey("size"))
        {
            throw Invalid("quota size requested but no quota support");
        }

        foreach (var required in new[] { Type, Device })
        {
            if (string.IsNullOrEmpty(options.GetValueOrDefault(required)))
            {
                throw Invalid($"missing required option: \"{required}\"");
            }
        }

        EngineException Invalid(string message) => EngineException.BadRequest($"create {volume}: {message}");
    }
}
