using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Swarm.Engine;

namespace Swarm.Api.Http;

/// <summary>The `filters` parameter: values per key; a list shows what matches any value of every key.</summary>
public sealed class Filters
{
    private readonly Dictionary<string, HashSet<string>> _values = new(StringComparer.Ordinal);

    private Filters()
    {
    }

    public bool IsEmpty => _values.Count == 0;

    /// <exception cref="EngineException">400: not JSON of either of Docker's forms, or a key that is not in <paramref name="allowed"/>.</exception>
    public static Filters Read(HttpContext context, params ReadOnlySpan<string> allowed)
    {
        var filters = Parse(context.QueryString("filters"));
        foreach (var key in filters._values.Keys)
        {
            if (!allowed.Contains(key))
            {
                throw EngineException.BadRequest($"invalid filter '{key}'");
            }
        }

        return filters;
    }

    internal static Filters Parse(string json)
    {
        var filters = new Filters();
        if (json.Length == 0)
        {
            return filters;
        }

        try
        {
            using var document = JsonDocument.Parse(json);
            foreach (var key in document.RootElement.EnumerateObject())
            {
                filters._values[key.Name] = key.Value.ValueKind == JsonValueKind.Array
                    ? [.. key.Value.EnumerateArray().Select(value => value.GetString() ?? "")]
                    : [.. key.Value.EnumerateObject().Select(value => value.Name)];
            }

            return filters;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new EngineException(StatusCodes.Status400BadRequest, "invalid filter", e);
        }
    }

    public bool Has(string key) => _values.ContainsKey(key);

    public IReadOnlyCollection<string> this[string key] => _values.TryGetValue(key, out var values) ? values : [];

    /// <summary>No such filter, or <paramref name="value"/> is one of its values.</summary>
    public bool Exact(string key, string value) => !_values.TryGetValue(key, out var wanted) || wanted.Contains(value);

    /// <summary>No such filter, or one of its values is a prefix of <paramref name="value"/>.</summary>
    public bool Prefix(string key, string value) =>
        !_values.TryGetValue(key, out var wanted) || wanted.Any(prefix => value.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>No such filter, or <paramref name="labels"/> has every `name` or `name=value` that it lists; `name=` asks for any value.</summary>
    public bool Labels<TValue>(string key, IReadOnlyDictionary<string, TValue> labels) where TValue : class? => HasLabels(this[key], labels);

    /// <inheritdoc cref="Labels"/>
    public static bool HasLabels<TValue>(IEnumerable<string> all, IReadOnlyDictionary<string, TValue> labels) where TValue : class? => all.All(wanted =>
    {
        var equals = wanted.IndexOf('=');
        return equals < 0 || equals == wanted.Length - 1
            ? labels.ContainsKey(wanted.TrimEnd('='))
            : labels.TryGetValue(wanted[..equals], out var value) && wanted.AsSpan(equals + 1).SequenceEqual(value?.ToString() ?? "");
    });

    /// <summary>No such filter, or <paramref name="labels"/> has none that it lists.</summary>
    public bool WithoutLabels<TValue>(string key, IReadOnlyDictionary<string, TValue> labels) where TValue : class? => !this[key].Any(unwanted =>
    {
        var equals = unwanted.IndexOf('=');
        return equals < 0
            ? labels.ContainsKey(unwanted)
            : labels.TryGetValue(unwanted[..equals], out var value) && unwanted.AsSpan(equals + 1).SequenceEqual(value?.ToString() ?? "");
    });

    /// <summary>A filter of a truth value, such as dangling.</summary>
    /// <exception cref="EngineException">400: a value other than true, false, 1 or 0, or both.</exception>
    public bool? Bool(string key)
    {
        if (!_values.TryGetValue(key, out var values))
        {
            return null;
        }

        var isTrue = values.Contains("1") || values.Contains("true");
        var isFalse = values.Contains("0") || values.Contains("false");
        return isTrue != isFalse ? isTrue : throw EngineException.BadRequest($"invalid filter '{key}=[{string.Join(' ', values)}]'");
    }
}
