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
                case "compress": ParseBool(value); break;
                case "mode": ResourceChecks.Require(value is "" or "blocking" or "non-blocking", $"logger: logging mode not supported: {value}"); break;
                case "labels-regex" or "env-regex": LogAttributes.Pattern(value); break;
            }
        }

        var log = new LogConfig { Type = driver, Config = new Dictionary<string, string>(options ?? new Dictionary<string, string>()) };
        if (Compresses(log))
        {
            var (size, files) = Rotation(log);
            ResourceChecks.Require(files > 1 && size > 0, driver == Local
                ? "compression cannot be enabled when max file count is 1"
                : "compress cannot be true when max-file is less than 2 or max-size is not set");
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

    /// <summary>Whether what was rotated becomes gzip; Docker's local driver does unless told otherwise.</summary>
    internal static bool Compresses(LogConfig log) => log.Config?.GetValueOrDefault("compress") is { } text ? ParseBool(text) : log.Type == Local;

    /// <summary>Go's strconv.ParseBool.</summary>
    private static bool ParseBool(string text) => text switch
    {
        "1" or "t" or "T" or "TRUE" or "true" or "True" => true,
        "0" or "f" or "F" or "FALSE" or "false" or "False" => false,
        _ => throw EngineException.BadRequest($"error parsing compress: strconv.ParseBool: parsing \"{text}\": invalid syntax"),
    };

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
