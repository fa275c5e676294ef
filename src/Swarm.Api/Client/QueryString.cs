using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Swarm.Api.Client;

/// <summary>Builds `?a=b&amp;c=d`; what is null is left out.</summary>
internal sealed class QueryString
{
    private readonly StringBuilder _text = new();

    public QueryString Add(string name, string? value)
    {
        if (value is not null)
        {
            _text.Append(_text.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }

        return this;
    }

    public QueryString Add(string name, bool value) => Add(name, value ? "true" : null);

    public QueryString Add(string name, ulong value) => Add(name, value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Docker's form: an object of lists, each key once.</summary>
    public QueryString Filters(IReadOnlyCollection<KeyValuePair<string, string>> filters)
    {
        if (filters.Count == 0)
        {
            return this;
        }

        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var group in filters.GroupBy(f => f.Key, f => f.Value))
            {
                json.WriteStartArray(group.Key);
                foreach (var value in group)
                {
                    json.WriteStringValue(value);
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        return Add("filters", Encoding.UTF8.GetString(buffer.ToArray()));
    }

    public override string ToString() => _text.ToString();
}
