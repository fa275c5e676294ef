using MessagePack;
using MessagePack.Formatters;

namespace Swarm.Model;

/// <summary>Labels by themselves, as the generated formatters read and write them within a record.</summary>
internal sealed class LabelsFormatter : IMessagePackFormatter<ImmutableSortedDictionary<string, string>?>
{
    internal static readonly LabelsFormatter Instance = new();

    private static readonly ImmutableSortedDictionary<string, string> None = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);

    public void Serialize(ref MessagePackWriter writer, ImmutableSortedDictionary<string, string>? value, MessagePackSerializerOptions options)
    {
        writer.WriteMapHeader(value?.Count ?? 0);
        foreach (var (name, text) in value ?? None)
        {
            writer.Write(name);
            writer.Write(text);
        }
    }

    public ImmutableSortedDictionary<string, string>? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options)
    {
        var count = reader.ReadMapHeader();
        if (count == 0)
        {
            return None;
        }

        var labels = None.ToBuilder();
        for (var i = 0; i < count; i++)
        {
            labels[reader.ReadString()!] = reader.ReadString() ?? "";
        }

        return labels.ToImmutable();
    }
}
