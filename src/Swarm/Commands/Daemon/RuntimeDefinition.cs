using System.Text.Json;

namespace Swarm.Commands;

/// <summary>A runtime as the configuration describes it.</summary>
/// <param name="Program">A path, or a name to look for.</param>
internal sealed record RuntimeDefinition(string Program, IReadOnlyList<string> Arguments)
{
    /// <summary>The shim of containerd that runs any OCI runtime: what it is told of one is what is needed here.</summary>
    private const string GenericShim = "io.containerd.runc.v2";

    /// <param name="value">An object with path and runtimeArgs, or with runtimeType and options.</param>
    /// <exception cref="FlagException">It describes none that can be run here.</exception>
    public static RuntimeDefinition Read(string name, JsonElement value)
    {
        var (path, type) = (Text("path"), Text("runtimeType"));
        List<string> arguments = value.TryGetProperty("runtimeArgs", out var list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Select(item => ConfigurationFile.String("runtimes", item))] : [];
        if (path.Length > 0 && type.Length > 0)
        {
            throw new FlagException($"runtime {name}: cannot configure both path and runtimeType for the same runtime");
        }

        if (type.Length > 0 && arguments.Count > 0)
        {
            throw new FlagException($"runtime {name}: runtimeArgs cannot be used with a runtimeType");
        }

        if (path.Length > 0)
        {
            return new RuntimeDefinition(path, arguments);
        }

        return type switch
        {
            "" => throw new FlagException($"runtime {name}: either a runtimeType or a path must be configured"),
            GenericShim => new RuntimeDefinition(
                value.TryGetProperty("options", out var options) && options.ValueKind == JsonValueKind.Object && options.TryGetProperty("BinaryName", out var binary)
                    ? ConfigurationFile.String("runtimes", binary) : "runc",
                []),
            _ => throw new FlagException($"runtime {name}: runtimeType {type} needs containerd, which is not there: name the runtime's own program by its path"),
        };

        string Text(string field) => value.TryGetProperty(field, out var found) && found.ValueKind != JsonValueKind.Null ? ConfigurationFile.String("runtimes", found) : "";
    }
}
