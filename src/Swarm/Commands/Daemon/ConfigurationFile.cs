using System.Text;
using System.Text.Json;

namespace Swarm.Commands;

/// <summary>daemon.json: the same settings as the flags, under their own keys. What both say is refused, and so is what neither knows.</summary>
internal sealed class ConfigurationFile
{
    /// <summary>A configuration is small; more is not one.</summary>
    private const int MaximumSize = 1 << 20;

    /// <summary>Objects that are one setting; any other object only groups settings (as "proxies" does).</summary>
    private static readonly string[] Objects = ["runtimes", "log-opts", "default-network-opts", "default-ulimits", "features", "builder"];

    public FlagValues Values { get; } = new();

    /// <summary>By name; from the key "runtimes".</summary>
    public Dictionary<string, RuntimeDefinition> Runtimes { get; } = [];

    /// <summary>Keys of the file that no flag has.</summary>
    public List<string> WithoutFlag { get; } = [];

    /// <exception cref="FlagException">Not JSON, an unknown key, a wrong value, or also given as a flag.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ConfigurationFile Read(string path, FlagValues given)
    {
        try
        {
            using var stream = File.OpenRead(path);
            if (stream.Length > MaximumSize)
            {
                throw new FlagException($"it has more than {MaximumSize} bytes");
            }

            using var reader = new StreamReader(stream, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: true);
            return Parse(reader.ReadToEnd(), given);
        }
        catch (Exception e) when (e is FlagException or JsonException or DecoderFallbackException)
        {
            throw new FlagException($"unable to configure the Docker daemon with file {path}: {e.Message}");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FileNotFoundException($"unable to configure the Docker daemon with file {path}: open {path}: no such file or directory", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"unable to configure the Docker daemon with file {path}: open {path}: permission denied", e);
        }
    }

    internal static ConfigurationFile Parse(string text, FlagValues given)
    {
        var file = new ConfigurationFile();
        if (text.AsSpan().Trim().IsEmpty)
        {
            return file;
        }

        using var document = JsonDocument.Parse(text);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            throw new FlagException($"json: cannot unmarshal {GoName(document.RootElement)} into Go value of type map[string]interface {{}}");
        }

        var settings = Flat(document.RootElement).ToList();
        CheckKeys(settings);
        CheckConflicts(settings, given);
        foreach (var (key, value) in settings)
        {
            file.Take(key, value);
        }

        return file;
    }

    private static IEnumerable<(string Key, JsonElement Value)> Flat(JsonElement root)
    {
        foreach (var property in root.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Object && !Objects.Contains(property.Name))
            {
                foreach (var inner in property.Value.EnumerateObject())
                {
                    yield return (inner.Name, inner.Value);
                }
            }
            else
            {
                yield return (property.Name, property.Value);
            }
        }
    }

    private static void CheckKeys(List<(string Key, JsonElement Value)> settings)
    {
        var unknown = settings.Select(setting => setting.Key).Where(key => FlagOf(key) is null && !DaemonFlags.FileOnly.ContainsKey(key)).Distinct().ToList();
        if (unknown.Count > 0)
        {
            throw new FlagException($"the following directives don't match any configuration option: {string.Join(", ", unknown)}");
        }
    }

    private static void CheckConflicts(List<(string Key, JsonElement Value)> settings, FlagValues given)
    {
        var conflicts = settings
            .Select(setting => (setting.Key, setting.Value, Flag: FlagOf(setting.Key)))
            .Where(setting => setting.Flag is { Merges: false } flag && given.Has(flag.Name))
            .Select(setting => $"{setting.Key}: (from flag: {Masked(setting.Key, given.Show(setting.Flag!))}, from file: {Masked(setting.Key, GoText(setting.Value))})")
            .ToList();
        if (conflicts.Count > 0)
        {
            throw new FlagException($"the following directives are specified both as a flag and in the configuration file: {string.Join(", ", conflicts)}");
        }
    }

    /// <summary>host-gateway-ip is the older spelling of a list of one.</summary>
    private static DaemonFlag? FlagOf(string key) =>
        DaemonFlags.All.FirstOrDefault(flag => flag.Key.Length > 0 && (flag.Key == key || (flag.Name == "host-gateway-ip" && key == flag.Name)));

    private void Take(string key, JsonElement value)
    {
        if (FlagOf(key) is not { } flag)
        {
            WithoutFlag.Add(key);
            return;
        }

        if (flag.Name == "add-runtime")
        {
            TakeRuntimes(value);
            return;
        }

        Values.Mention(flag.Name);
        foreach (var text in Texts(flag, key, value))
        {
            if (FlagReader.Wrong(flag, text) is { } why)
            {
                throw new FlagException($"{key}: {why}");
            }

            Values.Add(flag.Name, text);
        }
    }

    private static IEnumerable<string> Texts(DaemonFlag flag, string key, JsonElement value) => (flag.Kind, value.ValueKind) switch
    {
        (_, JsonValueKind.Null) => [],
        (FlagKind.Bool, JsonValueKind.True or JsonValueKind.False) => [value.GetBoolean() ? "true" : "false"],
        (FlagKind.Number, JsonValueKind.Number) => [value.GetRawText()],
        (FlagKind.Text, JsonValueKind.Number) when flag.Name == "default-shm-size" => [value.GetRawText()],
        (FlagKind.Text or FlagKind.Address, JsonValueKind.String) => [value.GetString()!],
        (FlagKind.List, JsonValueKind.String) when key == "host-gateway-ip" => [value.GetString()!],
        (FlagKind.List, JsonValueKind.Array) when flag.Name == "default-address-pool" => value.EnumerateArray().Select(Pool),
        (FlagKind.List, JsonValueKind.Array) => value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Mismatch(key, item, "string")),
        (FlagKind.Map, JsonValueKind.Object) when flag.Name == "default-ulimit" => value.EnumerateObject().Select(Ulimit),
        (FlagKind.Map, JsonValueKind.Object) when flag.Name == "default-network-opt" => value.EnumerateObject().SelectMany(driver =>
            driver.Value.ValueKind == JsonValueKind.Object
                ? driver.Value.EnumerateObject().Select(option => $"{driver.Name}={option.Name}={String(key, option.Value)}")
                : throw Mismatch(key, driver.Value, "map[string]string")),
        (FlagKind.Map, JsonValueKind.Object) when flag.Name == "feature" => value.EnumerateObject().Select(feature =>
            feature.Value.ValueKind is JsonValueKind.True or JsonValueKind.False ? $"{feature.Name}={GoText(feature.Value)}" : throw Mismatch(key, feature.Value, "bool")),
        (FlagKind.Map, JsonValueKind.Object) => value.EnumerateObject().Select(pair => $"{pair.Name}={String(key, pair.Value)}"),
        _ => throw Mismatch(key, value, flag.Kind switch
        {
            FlagKind.Bool => "bool",
            FlagKind.Number => "int",
            FlagKind.List => "[]string",
            FlagKind.Map => "map[string]string",
            _ => "string",
        }),
    };

    private static string Pool(JsonElement pool) =>
        pool.ValueKind == JsonValueKind.Object && pool.TryGetProperty("base", out var network) && pool.TryGetProperty("size", out var size) && size.ValueKind == JsonValueKind.Number
            ? $"base={String("default-address-pools", network)},size={size.GetRawText()}"
            : throw new FlagException("default-address-pools: each needs a base and a size, as in {\"base\": \"172.30.0.0/16\", \"size\": 24}");

    private static string Ulimit(JsonProperty limit)
    {
        return limit.Value.ValueKind == JsonValueKind.Object ? $"{limit.Name}={Of("Soft")}:{Of("Hard")}" : throw Mismatch("default-ulimits", limit.Value, "units.Ulimit");

        string Of(string name) => limit.Value.EnumerateObject()
            .Where(field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase) && field.Value.ValueKind == JsonValueKind.Number)
            .Select(field => field.Value.GetRawText()).LastOrDefault() ?? "0";
    }

    private void TakeRuntimes(JsonElement runtimes)
    {
        if (runtimes.ValueKind != JsonValueKind.Object)
        {
            throw Mismatch("runtimes", runtimes, "map[string]system.Runtime");
        }

        foreach (var runtime in runtimes.EnumerateObject())
        {
            if (runtime.Value.ValueKind != JsonValueKind.Object)
            {
                throw Mismatch("runtimes", runtime.Value, "system.Runtime");
            }

            Runtimes[runtime.Name] = RuntimeDefinition.Read(runtime.Name, runtime.Value);
        }
    }

    internal static string String(string key, JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Mismatch(key, value, "string");

    private static FlagException Mismatch(string key, JsonElement value, string type) =>
        new($"json: cannot unmarshal {GoName(value)} into Go struct field Config.{key} of type {type}");

    private static string GoName(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => "bool",
        JsonValueKind.Number => "number",
        JsonValueKind.String => "string",
        JsonValueKind.Array => "array",
        _ => "object",
    };

    /// <summary>As Go's %v prints a decoded value.</summary>
    private static string GoText(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Array => $"[{string.Join(' ', value.EnumerateArray().Select(GoText))}]",
        JsonValueKind.Object => $"map[{string.Join(' ', value.EnumerateObject().OrderBy(pair => pair.Name, StringComparer.Ordinal).Select(pair => $"{pair.Name}:{GoText(pair.Value)}"))}]",
        JsonValueKind.Null => "<nil>",
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => value.GetRawText(),
    };

    private static string Masked(string key, string text) => key is "http-proxy" or "https-proxy" ? ProxyText.Masked(text) : text;
}
