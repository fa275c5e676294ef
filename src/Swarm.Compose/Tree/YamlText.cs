using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Swarm.Compose.Tree;

/// <summary>Values to YAML.</summary>
public static class YamlText
{
    public static string Of(ComposeValue value)
    {
        using var text = new StringWriter();
        Write(value, text);
        return text.ToString();
    }

    public static void Write(ComposeValue value, TextWriter output)
    {
        var emitter = new Emitter(output);
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        Emit(emitter, value);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
    }

    private static void Emit(Emitter emitter, ComposeValue value)
    {
        switch (value)
        {
            case ComposeScalar scalar:
                var style = scalar.IsNull ? ScalarStyle.Plain : scalar.IsQuoted ? ScalarStyle.DoubleQuoted : ScalarStyle.Any;
                emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, scalar.IsNull ? "null" : scalar.Text, style, isPlainImplicit: true, isQuotedImplicit: true));
                break;
            case ComposeList list:
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, isImplicit: true, list.Items.Count == 0 ? SequenceStyle.Flow : SequenceStyle.Block));
                foreach (var item in list.Items)
                {
                    Emit(emitter, item);
                }

                emitter.Emit(new SequenceEnd());
                break;
            case ComposeMap map:
                emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, isImplicit: true, map.Entries.Count == 0 ? MappingStyle.Flow : MappingStyle.Block));
                foreach (var (key, item) in map.Entries)
                {
                    emitter.Emit(new Scalar(key));
                    Emit(emitter, item);
                }

                emitter.Emit(new MappingEnd());
                break;
        }
    }
}
