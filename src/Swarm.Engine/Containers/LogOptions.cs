using System.Globalization;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Containers;

/// <summary>Options of the log drivers json-file, local and none.</summary>
public static class LogOptions
{
    public const string JsonFile = "json-file", Local = "local", None = "none";

    /// <summary>Docker's local driver rotates unless told otherwise.</summary>
    private const string LocalMaximumSize = "20m", LocalMaximumFiles = "5", Unlimited = "-1";

    private static readonly string[] OfFiles = ["max-size", "max-file", "compress"];
    private static readonly string[] OfAttributes = ["labels", "labels-regex", "env", "env-regex", "tag"];

    /// <summary>Of how a container waits for a driver that is slow, and of Docker's copy of what goes elsewhere: accepted, and nothing to do.</summary>
    private static readonly string[] OfAll = ["mode", "max-buffer-size", "cache-disabled", "cache-max-size", "cache-max-file", "cache-compress"];

    /// <exception cref="EngineException">400: an unknown driver, an unknown option or a bad value.</exception>
    public static void Check(string driver, IReadOnlyDictionary<string, string>? options)
    {
        ResourceChecks.Require(driver is JsonFile or Local or None, $"logger: no log driver named '{driver}' is registered");
        if (driver == None)
        {
            return;
        }

        foreach (var (name, value) in options ?? new Dictionary<string, string>())
        {
            var known = OfFiles.Contains(name) || OfAll.Contains(name) || (driver == JsonFile && OfAttributes.Contains(name));
            ResourceChecks.Require(known, $"unknown log opt '{name}' for {driver} log driver");
            switch (name)
            {
                case "max-size": ParseSize(value); break;
                case "max-file": ParseFiles(value); break;
                case "compress": ResourceChecks.Require(value is "true" or "false" or "1" or "0", $"error parsing compress: \"{value}\" is not a bool"); break;
                case "mode": ResourceChecks.Require(value is "" or "blocking" or "non-blocking", $"logger: logging mode not supported: {value}"); break;
                case "labels-regex" or "env-regex": LogAttributes.Pattern(value); break;
            }
        }
    }

    /// <summary>The container's own over the daemon's, which are those of the daemon's driver.</summary>
    public static LogConfig Merge(LogConfig? asked, ContainerDefaults defaults)
    {
        var driver = string.IsNullOrEmpty(asked?.Type) ? defaults.LogDriver : asked.Type;
        var options = driver == defaults.LogDriver ? new Dictionary<string, string>(defaults.LogOptions) : [];
        foreach (var (name, value) in asked?.Config ?? [])
        {
            options[name] = value;
        }

        return new LogConfig { Type = driver, Config = options };
    }

    /// <summary>Bytes and files at most; 0 bytes: no bound.</summary>
    internal static (long Size, int Files) Rotation(LogConfig log)
    {
        var isLocal = log.Type == Local;
        return (
            ParseSize(log.Config?.GetValueOrDefault("max-size") ?? (isLocal ? LocalMaximumSize : Unlimited)),
            ParseFiles(log.Config?.GetValueOrDefault("max-file") ?? (isLocal ? LocalMaximumFiles : null)));
    }

    /// <summary>Bytes, from a number and a unit (k, m, g); 0: no bound.</summary>
    internal static long ParseSize(string text)
    {
        if (text == Unlimited)
        {
            return 0;
        }

        var lower = text.ToLowerInvariant().TrimEnd('b');
        var unit = lower.Length > 0 ? lower[^1] switch { 'k' => 1L << 10, 'm' => 1L << 20, 'g' => 1L << 30, _ => 1L } : 1L;
        return decimal.TryParse(unit > 1 ? lower[..^1] : lower, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number * unit >= 1
            ? (long)(number * unit)
            : throw EngineException.BadRequest($"invalid value for max-size: invalid size: '{text}'");
    }

    /// <summary>From 1.</summary>
    internal static int ParseFiles(string? text) => text is null ? 1
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= 1 ? count
        : throw EngineException.BadRequest("max-file cannot be less than 1");
}
