using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Swarm.Api.Authorization;

/// <summary>One plugin that says who may do what, at its unix socket (Docker's plugin protocol, v1).</summary>
public sealed class AuthorizationPlugin : IDisposable
{
    /// <summary>Where plugins put their sockets, and their files that say where they listen.</summary>
    private const string Sockets = "/run/docker/plugins";
    private static readonly string[] Descriptions = ["/etc/docker/plugins", "/usr/lib/docker/plugins"];

    private const string MediaType = "application/vnd.docker.plugins.v1.2+json", Unix = "unix://";

    /// <summary>For each answer: somebody waits for it with every request.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;

    private AuthorizationPlugin(string name, string socket)
    {
        Name = name;
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancellation) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellation);
                    return new NetworkStream(connection, ownsSocket: true);
                }
                catch
                {
                    connection.Dispose();
                    throw;
                }
            },
        };
        _http = new HttpClient(handler) { BaseAddress = new Uri("http://plugin/"), Timeout = Patience };
    }

    public string Name { get; }

    /// <summary>Finds the plugin and asks it what it is.</summary>
    /// <exception cref="IOException">It is not there, or is no authorization plugin: one line for the user.</exception>
    public static async Task<AuthorizationPlugin> OpenAsync(string name, CancellationToken cancellation)
    {
        var plugin = new AuthorizationPlugin(name, Locate(name));
        try
        {
            using var answer = await plugin._http.PostAsync("Plugin.Activate", null, cancellation);
            answer.EnsureSuccessStatusCode();
            var manifest = await answer.Content.ReadFromJsonAsync(PluginJson.Default.PluginManifest, cancellation);
            return manifest?.Implements?.Contains("authz") == true ? plugin : throw new IOException($"authorization plugin {name}: it is of another kind ({string.Join(", ", manifest?.Implements ?? [])})");
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            plugin.Dispose();
            throw new IOException($"authorization plugin {name} does not answer: {e.Message}", e);
        }
        catch
        {
            plugin.Dispose();
            throw;
        }
    }

    public void Dispose() => _http.Dispose();

    /// <exception cref="IOException">It does not answer, or not in its protocol.</exception>
    internal async Task<AuthorizationVerdict> AskAsync(bool isAnswer, AuthorizationQuestion question, CancellationToken cancellation)
    {
        try
        {
            using var content = JsonContent.Create(question, (JsonTypeInfo<AuthorizationQuestion>)PluginJson.Default.AuthorizationQuestion, new(MediaType));
            using var answer = await _http.PostAsync(isAnswer ? "AuthZPlugin.AuthZRes" : "AuthZPlugin.AuthZReq", content, cancellation);
            answer.EnsureSuccessStatusCode();
            return await answer.Content.ReadFromJsonAsync(PluginJson.Default.AuthorizationVerdict, cancellation) ?? new AuthorizationVerdict { Err = "an empty answer" };
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            throw new IOException($"plugin {Name} failed with error: {e.Message}", e);
        }
    }

    /// <summary>NAME.sock among the sockets, or the address that NAME.spec or NAME.json gives.</summary>
    private static string Locate(string name)
    {
        if (name.Contains('/', StringComparison.Ordinal))
        {
            throw new IOException($"authorization plugin {name}: managed plugins are not built; name one that listens in {Sockets}");
        }

        foreach (var socket in new[] { Path.Combine(Sockets, name + ".sock"), Path.Combine(Sockets, name, name + ".sock") }.Where(File.Exists))
        {
            return socket;
        }

        foreach (var folder in Descriptions)
        {
            var (spec, json) = (Path.Combine(folder, name + ".spec"), Path.Combine(folder, name + ".json"));
            var address = File.Exists(spec) ? File.ReadAllText(spec).Trim()
                : File.Exists(json) ? JsonSerializer.Deserialize(File.ReadAllText(json), PluginJson.Default.PluginAddress)?.Addr ?? ""
                : null;
            if (address is not null)
            {
                return address.StartsWith(Unix, StringComparison.Ordinal)
                    ? address[Unix.Length..]
                    : throw new IOException($"authorization plugin {name}: its address {address} is not a unix socket, others are not built");
            }
        }

        throw new IOException($"authorization plugin {name} is not there: no {name}.sock in {Sockets}, and nothing about it in {string.Join(" or ", Descriptions)}");
    }
}
