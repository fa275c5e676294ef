using System.Text.Json;
using System.Text.Json.Nodes;
using Swarm.Api.Http;

namespace Swarm.Api.Images;

/// <summary>An image's `Config` as its inspection shows it: what an image's configuration has, whatever else the one that was stored says.</summary>
internal static class ImageConfigWriter
{
    private static readonly ApiVersion WithoutContainers = new(1, 50);

    /// <summary>Shown though the image has none: null, but for the texts.</summary>
    private static readonly string[] Always = ["Cmd", "Entrypoint", "Env", "Labels", "OnBuild", "User", "Volumes", "WorkingDir"];

    /// <summary>Shown if the image has one.</summary>
    private static readonly string[] Optional = ["ArgsEscaped", "ExposedPorts", "Healthcheck", "Shell", "StopSignal"];

    /// <summary>A container's, never an image's, that clients before 1.50 are shown with nothing in them.</summary>
    private static readonly string[] Flags = ["AttachStderr", "AttachStdin", "AttachStdout", "OpenStdin", "StdinOnce", "Tty"], Texts = ["Domainname", "Hostname", "Image"];

    public static JsonElement Write(JsonElement stored, ApiVersion version)
    {
        var shown = new JsonObject();
        foreach (var name in Always)
        {
            shown[name] = Value(stored, name) ?? (name is "User" or "WorkingDir" ? "" : null);
        }

        foreach (var name in Optional)
        {
            if (Value(stored, name) is { } value)
            {
                shown[name] = value;
            }
        }

        if (version < WithoutContainers)
        {
            foreach (var name in Flags)
            {
                shown[name] = false;
            }

            foreach (var name in Texts)
            {
                shown[name] = "";
            }
        }

        return JsonSerializer.SerializeToElement(shown, ImageWireJson.Default.JsonObject);
    }

    /// <summary>Null: the image has nothing there, as Go's omitempty sees it.</summary>
    private static JsonNode? Value(JsonElement stored, string name) => !stored.TryGetProperty(name, out var value) ? null : value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => null,
        JsonValueKind.String when value.GetString() is "" => null,
        JsonValueKind.Array when value.GetArrayLength() == 0 => null,
        JsonValueKind.Object when !value.EnumerateObject().Any() => null,
        JsonValueKind.Array => JsonArray.Create(value),
        JsonValueKind.Object => JsonObject.Create(value),
        _ => JsonValue.Create(value),
    };
}
