using System.Linq;
using System.Text;
using Microsoft.CodeAnalysis;

namespace Swarm.Generators;

/// <summary>The statements that write and read one value of a type that records may hold.</summary>
internal sealed class ValueCode(ITypeSymbol type, StringBuilder problems, string owner, bool shared = false)
{
    private const string Collections = "global::System.Collections.Immutable.";
    private readonly string _name = type.WithNullableAnnotation(NullableAnnotation.NotAnnotated).ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);

    internal string Write(string value, int depth)
    {
        var pad = Pad(depth);
        if (Nullable() is { } inner)
        {
            return $"{pad}if ({value} is {{ }} v{depth})\n{pad}{{\n{Of(inner).Write("v" + depth, depth + 1)}{pad}}}\n{pad}else\n{pad}{{\n{pad}    writer.WriteNil();\n{pad}}}\n";
        }

        if (type.TypeKind == TypeKind.Enum)
        {
            return $"{pad}writer.Write(({Underlying()}){value});\n";
        }

        if (Element("ImmutableArray") is { } element)
        {
            return $"{pad}{{\n{pad}var a{depth} = {value}.IsDefault ? [] : {value};\n{pad}writer.WriteArrayHeader(a{depth}.Length);\n{pad}foreach (var x{depth} in a{depth})\n{pad}{{\n"
                + $"{Of(element).Write("x" + depth, depth + 1)}{pad}}}\n{pad}}}\n";
        }

        if (Element("ImmutableSortedDictionary") is { } entry)
        {
            return $"{pad}writer.WriteMapHeader({value}.Count);\n{pad}foreach (var e{depth} in {value})\n{pad}{{\n{pad}    writer.Write(e{depth}.Key);\n{Of(entry).Write($"e{depth}.Value", depth + 1)}{pad}}}\n";
        }

        return _name switch
        {
            "global::System.DateTimeOffset" => $"{pad}writer.Write({value}.UtcTicks);\n",
            "global::System.TimeSpan" => $"{pad}writer.Write({value}.Ticks);\n",
            _ when Primitive() is not null || _name == "byte[]" => $"{pad}writer.Write({value});\n",
            _ when shared && IsRecord() => $"{pad}global::Swarm.Model.Codec.WriteShared(ref writer, {value}, options);\n",
            _ when IsRecord() => $"{pad}global::Swarm.Model.Codec.FormatterOf<{_name}>().Serialize(ref writer, {value}{(type.IsReferenceType ? "!" : "")}, options);\n",
            _ => Refuse(),
        };
    }

    internal string Read(string target, int depth)
    {
        var pad = Pad(depth);
        if (Nullable() is { } inner)
        {
            return $"{pad}if (reader.TryReadNil())\n{pad}{{\n{pad}    {target} = null;\n{pad}}}\n{pad}else\n{pad}{{\n{pad}    {inner.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat)} n{depth} = default;\n"
                + $"{Of(inner).Read("n" + depth, depth + 1)}{pad}    {target} = n{depth};\n{pad}}}\n";
        }

        // A nil where the record allows none keeps the default that the target already holds.
        var fallback = type.NullableAnnotation == NullableAnnotation.Annotated ? "" : $" ?? {target}";
        if (shared)
        {
            return type.IsReferenceType ? $"{pad}{target} = global::Swarm.Model.Codec.ReadShared<{_name}>(ref reader, options){fallback};\n" : Refuse();
        }

        if (type.TypeKind == TypeKind.Enum)
        {
            return $"{pad}{target} = ({_name})reader.{Reader(Underlying())}();\n";
        }

        if (Element("ImmutableArray") is { } element)
        {
            var name = element.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);
            return $"{pad}{{\n{pad}var c{depth} = reader.ReadArrayHeader();\n{pad}if (c{depth} == 0)\n{pad}{{\n{pad}    {target} = [];\n{pad}}}\n{pad}else\n{pad}{{\n"
                + $"{pad}    var b{depth} = {Collections}ImmutableArray.CreateBuilder<{name}>(c{depth});\n{pad}    for (var i{depth} = 0; i{depth} < c{depth}; i{depth}++)\n{pad}    {{\n"
                + $"{pad}        {name} x{depth} = default!;\n{Of(element).Read("x" + depth, depth + 2)}{pad}        b{depth}.Add(x{depth});\n{pad}    }}\n\n{pad}    {target} = b{depth}.MoveToImmutable();\n{pad}}}\n{pad}}}\n";
        }

        if (Element("ImmutableSortedDictionary") is { } entry)
        {
            var name = entry.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);
            var builder = $"{Collections}ImmutableSortedDictionary.CreateBuilder<string, {name}>(global::System.StringComparer.Ordinal)";
            return $"{pad}{{\n{pad}var c{depth} = reader.ReadMapHeader();\n{pad}if (c{depth} > 0 || {target} is not {{ IsEmpty: true }})\n{pad}{{\n"
                + $"{pad}    var b{depth} = {builder};\n{pad}    for (var i{depth} = 0; i{depth} < c{depth}; i{depth}++)\n{pad}    {{\n"
                + $"{pad}        var k{depth} = reader.ReadString()!;\n{pad}        {name} x{depth} = default!;\n{Of(entry).Read("x" + depth, depth + 2)}{pad}        b{depth}[k{depth}] = x{depth};\n{pad}    }}\n\n"
                + $"{pad}    {target} = b{depth}.ToImmutable();\n{pad}}}\n{pad}}}\n";
        }

        return _name switch
        {
            "global::System.DateTimeOffset" => $"{pad}{target} = new global::System.DateTimeOffset(reader.ReadInt64(), global::System.TimeSpan.Zero);\n",
            "global::System.TimeSpan" => $"{pad}{target} = new global::System.TimeSpan(reader.ReadInt64());\n",
            "byte[]" => $"{pad}{target} = reader.ReadBytes() is {{ }} r{depth} ? global::System.Buffers.BuffersExtensions.ToArray(r{depth}) : {(fallback.Length == 0 ? "null" : target)};\n",
            "string" => $"{pad}{target} = reader.ReadString(){fallback};\n",
            _ when Primitive() is { } read => $"{pad}{target} = reader.{read}();\n",
            _ when IsRecord() && type.IsValueType => $"{pad}{target} = global::Swarm.Model.Codec.FormatterOf<{_name}>().Deserialize(ref reader, options);\n",
            _ when IsRecord() => $"{pad}{target} = global::Swarm.Model.Codec.FormatterOf<{_name}>().Deserialize(ref reader, options){fallback};\n",
            _ => Refuse(),
        };
    }

    private static string Pad(int depth) => new(' ', depth * 4);

    private ValueCode Of(ITypeSymbol other) => new(other, problems, owner);

    private ITypeSymbol? Nullable() =>
        type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } named ? named.TypeArguments[0] : null;

    private ITypeSymbol? Element(string collection) =>
        type is INamedTypeSymbol { IsGenericType: true } named && named.Name == collection && named.ContainingNamespace.ToDisplayString() == "System.Collections.Immutable"
            ? named.TypeArguments.Last()
            : null;

    private string Underlying() => ((INamedTypeSymbol)type).EnumUnderlyingType!.ToDisplayString();

    private bool IsRecord() => type.GetAttributes().Any(a => a.AttributeClass?.Name == "MessagePackObjectAttribute");

    private string? Primitive() => type.SpecialType switch
    {
        SpecialType.System_String => "ReadString",
        SpecialType.System_Boolean or SpecialType.System_Byte or SpecialType.System_SByte or SpecialType.System_Int16 or SpecialType.System_UInt16
            or SpecialType.System_Int32 or SpecialType.System_UInt32 or SpecialType.System_Int64 or SpecialType.System_UInt64
            or SpecialType.System_Single or SpecialType.System_Double => Reader(type.ToDisplayString()),
        _ => null,
    };

    private static string Reader(string keyword) => keyword switch
    {
        "bool" => "ReadBoolean",
        "byte" => "ReadByte",
        "sbyte" => "ReadSByte",
        "short" => "ReadInt16",
        "ushort" => "ReadUInt16",
        "int" => "ReadInt32",
        "uint" => "ReadUInt32",
        "long" => "ReadInt64",
        "ulong" => "ReadUInt64",
        "float" => "ReadSingle",
        _ => "ReadDouble",
    };

    private string Refuse()
    {
        problems.AppendLine($"#error {owner}: a record of the store cannot hold a {type.ToDisplayString()}");
        return "";
    }
}
