using System.Buffers.Text;
using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Swarm.Engine;
using Swarm.Engine.Images;

namespace Swarm.Compose.Deployment;

/// <summary>
/// What `docker login` has kept for registries: `config.json` in DOCKER_CONFIG or ~/.docker, with the credentials in it, or with the name of a
/// helper (`docker-credential-NAME`) that has them.
/// </summary>
public sealed class DockerCredentials
{
    private const string DockerHub = "docker.io";

    /// <summary>As the docker client names it in its file.</summary>
    private const string Hub = "https://index.docker.io/v1/";

    /// <summary>The user name by which a helper says that its secret is an identity token.</summary>
    private const string TokenUser = "<token>";

    private readonly JsonElement _config;

    private DockerCredentials(JsonElement config) => _config = config;

    /// <exception cref="IOException">The file is there and cannot be read.</exception>
    /// <exception cref="ComposeException">It is no JSON.</exception>
    public static DockerCredentials Load()
    {
        var folder = Environment.GetEnvironmentVariable("DOCKER_CONFIG") is { Length: > 0 } named ? named : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".docker");
        var file = Path.Combine(folder, "config.json");
        if (!File.Exists(file))
        {
            return new DockerCredentials(default);
        }

        try
        {
            return Parse(File.ReadAllBytes(file));
        }
        catch (JsonException e)
        {
            throw new ComposeException($"{file}: {e.Message}", e);
        }
    }

    internal static DockerCredentials Parse(byte[] config)
    {
        using var json = JsonDocument.Parse(config);
        return new DockerCredentials(json.RootElement.Clone());
    }

    /// <summary>The X-Registry-Auth value for the image's registry; null: there are none.</summary>
    /// <exception cref="ComposeException">The image has no such name, or a helper failed.</exception>
    public string? For(string image)
    {
        string server;
        try
        {
            var host = ImageReference.Parse(image).Host;
            server = host == DockerHub ? Hub : host;
        }
        catch (EngineException e)
        {
            throw new ComposeException(e.Message, e);
        }

        var found = Helper(server) is { } helper ? Ask(helper, server) : Kept(server);
        return found is null ? null : Encode(found, server);
    }

    private string? Helper(string server) => (Text(Property(_config, "credHelpers"), server) ?? Text(_config, "credsStore")) is { Length: > 0 } helper ? helper : null;

    private Credentials? Kept(string server)
    {
        // Older clients kept whole addresses.
        foreach (var key in new[] { server, $"https://{server}", $"http://{server}", $"https://{server}/v1/", $"https://{server}/v2/" })
        {
            var entry = Property(Property(_config, "auths"), key);
            if (entry.ValueKind != JsonValueKind.Object)
            {
                continue;
            }

            if (Text(entry, "identitytoken") is { Length: > 0 } token)
            {
                return new Credentials("", "", token);
            }

            if (Text(entry, "auth") is { Length: > 0 } auth && Decode(auth) is [var user, var password])
            {
                return new Credentials(user, password, "");
            }

            if (Text(entry, "username") is { Length: > 0 } name)
            {
                return new Credentials(name, Text(entry, "password") ?? "", "");
            }
        }

        return null;
    }

    private static Credentials? Ask(string helper, string server)
    {
        var start = new ProcessStartInfo($"docker-credential-{helper}", ["get"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.Write(server);
            process.StandardInput.Close();
            var answer = process.StandardOutput.ReadToEnd();
            process.WaitForExit();

            // Helpers answer in words, and with a failure, that they have none.
            if (process.ExitCode != 0)
            {
                return null;
            }

            using var json = JsonDocument.Parse(answer);
            var (user, secret) = (Text(json.RootElement, "Username") ?? "", Text(json.RootElement, "Secret") ?? "");
            return user == TokenUser ? new Credentials("", "", secret) : new Credentials(user, secret, "");
        }
        catch (Exception e) when (e is Win32Exception or IOException or JsonException)
        {
            throw new ComposeException($"docker-credential-{helper} gave no credentials for {server}", e);
        }
    }

    private static string[]? Decode(string auth)
    {
        var bytes = new byte[auth.Length];
        return Convert.TryFromBase64String(auth, bytes, out var length) ? Encoding.UTF8.GetString(bytes, 0, length).TrimEnd('\0').Split(':', 2) : null;
    }

    private static string Encode(Credentials credentials, string server)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (credentials.IdentityToken.Length > 0)
            {
                json.WriteString("identitytoken", credentials.IdentityToken);
            }
            else
            {
                json.WriteString("username", credentials.User);
                json.WriteString("password", credentials.Password);
            }

            json.WriteString("serveraddress", server);
            json.WriteEndObject();
        }

        return Base64Url.EncodeToString(buffer.ToArray());
    }

    private static JsonElement Property(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : default;

    private static string? Text(JsonElement element, string name) => Property(element, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    private sealed record Credentials(string User, string Password, string IdentityToken)
    {
        public override string ToString() => nameof(Credentials);
    }
}
