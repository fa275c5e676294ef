using System.Text.Json.Serialization.Metadata;

namespace Swarm.Api.Http;

/// <summary>What Go calls the type of a field.</summary>
internal static class GoTypes
{
    internal static string Name(JsonTypeInfo type)
    {
        var clr = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
        return type.Kind switch
        {
            JsonTypeInfoKind.Enumerable when type.ElementType is { } element => $"[]{Name(type.Options.GetTypeInfo(element))}",
            JsonTypeInfoKind.Dictionary when type.ElementType is { } element => $"map[string]{Name(type.Options.GetTypeInfo(element))}",
            JsonTypeInfoKind.Object => $"swarm.{clr.Name}",
            _ => Scalar(clr),
        };
    }

    private static string Scalar(Type clr) => Type.GetTypeCode(clr) switch
    {
        TypeCode.String => "string",
        TypeCode.Boolean => "bool",
        TypeCode.UInt64 => "uint64",
        TypeCode.Int64 => "int64",
        TypeCode.UInt32 => "uint32",
        TypeCode.Int32 => "int",
        TypeCode.Double => "float64",
        _ => clr.Name,
    };
}
