using System.Net;
using System.Text.Json;

namespace Swarm.Registry;

/// <summary>Turns a registry's error answer into its fault.</summary>
internal static class Refusals
{
    private const int MaxErrorAnswer = 64 * 1024;

    public static async Task<RegistryException> OfAsync(RegistryClient client, HttpResponseMessage response, CancellationToken cancellation)
    {
        ErrorDetail? detail = null;
        try
        {
            var body = await client.ReadAsync(response, MaxErrorAnswer, cancellation);
            detail = JsonSerializer.Deserialize(body, RegistryJson.Default.ErrorAnswer)?.Errors?.FirstOrDefault();
        }
        catch (Exception e) when (e is JsonException or RegistryException)
        {
            // A proxy's HTML page, or too much of anything: the status must do.
        }

        var fault = detail?.Code switch
        {
            "UNAUTHORIZED" => RegistryFault.Unauthorized,
            "DENIED" => RegistryFault.Denied,
            "MANIFEST_UNKNOWN" => RegistryFault.ManifestUnknown,
            "NAME_UNKNOWN" => RegistryFault.NameUnknown,
            "BLOB_UNKNOWN" => RegistryFault.BlobUnknown,
            _ => response.StatusCode switch
            {
                HttpStatusCode.Unauthorized => RegistryFault.Unauthorized,
                HttpStatusCode.Forbidden => RegistryFault.Denied,
                _ => RegistryFault.Server,
            },
        };
        var text = detail?.Code is { Length: > 0 } code
            ? $"{code.Replace('_', ' ').ToLowerInvariant()}: {detail.Message}"
            : $"received unexpected HTTP status: {(int)response.StatusCode} {response.ReasonPhrase}";
        return new RegistryException(fault, text);
    }
}
