using System.Text;
using System.Text.Json;
using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <summary>Docker's X-Registry-Auth: base64url of a JSON object.</summary>
internal static class RegistryAuth
{
    /// <summary>Null if it names nobody.</summary>
    /// <exception cref="EngineException">400: not of that form. The message does not repeat it.</exception>
    public static RegistryCredentials? Parse(string? header)
    {
        if (string.IsNullOrEmpty(header))
        {
            return null;
        }

        try
        {
            var auth = JsonSerializer.Deserialize(Decode(header), ImageJson.Default.AuthHeader);
            var (user, password) = (auth?.Username ?? "", auth?.Password ?? "");
            if (user.Length == 0 && auth?.Auth is { Length: > 0 } pair && Encoding.UTF8.GetString(Decode(pair)).Split(':', 2) is [var left, var right])
            {
                (user, password) = (left, right);
            }

            var credentials = new RegistryCredentials
            {
                User = user,
                Password = password,
                IdentityToken = auth?.IdentityToken ?? "",
                RegistryToken = auth?.RegistryToken ?? "",
            };
            return credentials.HasPassword || credentials.IdentityToken.Length > 0 || credentials.RegistryToken.Length > 0 ? credentials : null;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            throw EngineException.BadRequest("invalid X-Registry-Auth header: it is not base64url of a JSON object");
        }
    }

    private static byte[] Decode(string text)
    {
        var plain = text.Replace('-', '+').Replace('_', '/').TrimEnd('=');
        return Convert.FromBase64String(plain.PadRight((plain.Length + 3) / 4 * 4, '='));
    }
}
