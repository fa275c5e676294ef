using System.Buffers;
using System.Text.Json;
using System.Text.RegularExpressions;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Containers;

/// <summary>The labels and variables of a container that its json-file log repeats in each record, and `docker logs --details` shows.</summary>
internal static class LogAttributes
{
    /// <summary>A record has to stay small beside its line.</summary>
    private const int MaximumSize = 16 * 1024;
    private static readonly TimeSpan PatternTime = TimeSpan.FromSeconds(1);

    /// <summary>A JSON object; null: none was asked for.</summary>
    /// <exception cref="EngineException">400: more than a record can have.</exception>
    public static byte[]? Of(ContainerRecord record, LogConfig log)
    {
        var options = log.Config ?? [];
        var chosen = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Choose(record.Config.Labels ?? [], "labels");
        Choose(Variables(record.Config.Env ?? []), "env");
        if (options.GetValueOrDefault("tag") is { Length: > 0 } tag)
        {
            chosen["tag"] = Tag(tag, record);
        }

        return chosen.Count == 0 ? null : Json(chosen);

        void Choose(Dictionary<string, string> from, string option)
        {
            var names = (options.GetValueOrDefault(option) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            var pattern = options.GetValueOrDefault(option + "-regex") is { Length: > 0 } text ? Pattern(text) : null;
            foreach (var (name, value) in from.Where(pair => names.Contains(pair.Key) || pattern?.IsMatch(pair.Key) == true))
            {
                chosen[name] = value;
            }
        }
    }

    /// <exception cref="EngineException">400: not a pattern.</exception>
    public static Regex Pattern(string text)
    {
        try
        {
            return new Regex(text, RegexOptions.NonBacktracking, PatternTime);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new EngineException(400, $"invalid pattern \"{text}\": {e.Message}", e);
        }
    }

    private static Dictionary<string, string> Variables(IReadOnlyList<string> environment)
    {
        var variables = new Dictionary<string, string>();
        foreach (var pair in environment.Select(entry => entry.Split('=', 2)).Where(pair => pair.Length == 2))
        {
            variables[pair[0]] = pair[1];
        }

        return variables;
    }

    /// <summary>The fields of Docker's template that a local log can want; anything else stays as it is written.</summary>
    private static string Tag(string template, ContainerRecord record) => template
        .Replace("{{.ID}}", record.ShortId(), StringComparison.Ordinal)
        .Replace("{{.FullID}}", record.Id, StringComparison.Ordinal)
        .Replace("{{.Name}}", record.Name, StringComparison.Ordinal)
        .Replace("{{.ImageName}}", record.Config.Image ?? "", StringComparison.Ordinal)
        .Replace("{{.ImageFullID}}", record.ImageId, StringComparison.Ordinal)
        .Replace("{{.DaemonName}}", "docker", StringComparison.Ordinal);

    private static byte[] Json(SortedDictionary<string, string> chosen)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var (name, value) in chosen)
            {
                writer.WriteString(name, value);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenCount <= MaximumSize
            ? buffer.WrittenSpan.ToArray()
            : throw EngineException.BadRequest($"the log's labels and variables have {buffer.WrittenCount} bytes, {MaximumSize} are allowed: name fewer in --log-opt");
    }
}
