using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Swarm.Api.Client;

/// <summary>
/// Speaks the Engine API to one daemon. Thread-safe; connections are kept and reused. No call has a time limit of its own: the caller's token has.
/// Every call throws <see cref="EngineClientException"/> when the engine refuses and <see cref="EngineUnreachableException"/> when none answers.
/// </summary>
public sealed partial class EngineClient : IDisposable
{
    private const string Version = "/v1.51";

    /// <summary>An error answer is a sentence; more than this is not read.</summary>
    private const int MaxErrorBytes = 64 * 1024;

    /// <summary>Credentials for the registry of the image that a request names.</summary>
    private const string RegistryAuthHeader = "X-Registry-Auth";

    private readonly HttpClient _http;

    public EngineClient(EngineEndpoint endpoint)
    {
        Endpoint = endpoint;
        var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        if (endpoint.SocketPath is { } path)
        {
            handler.ConnectCallback = (_, cancellation) => ConnectAsync(path, cancellation);
        }

        _http = new HttpClient(handler)
        {
            BaseAddress = endpoint.SocketPath is null ? new UriBuilder("http", endpoint.Host, endpoint.Port).Uri : new Uri("http://localhost"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("swarm", "1"));
    }

    public EngineEndpoint Endpoint { get; }

    public void Dispose() => _http.Dispose();

    private Task<T> GetAsync<T>(string path, JsonTypeInfo<T> answer, CancellationToken cancellation) =>
        AskAsync(HttpMethod.Get, path, null, answer, cancellation);

    private async Task<T> AskAsync<T>(HttpMethod method, string path, HttpContent? body, JsonTypeInfo<T> answer, CancellationToken cancellation, string? registryAuth = null)
    {
        using var response = await SendAsync(method, path, body, cancellation, registryAuth);
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
            return await JsonSerializer.DeserializeAsync(stream, answer, cancellation)
                ?? throw new EngineClientException(response.StatusCode, $"{method} {path} answered null");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new EngineUnreachableException(Endpoint, e);
        }
    }

    /// <summary>For answers without a body that matters.</summary>
    private async Task TellAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancellation)
    {
        using var response = await SendAsync(method, path, body, cancellation);
    }

    /// <summary>Answers when the headers are there; the body still streams.</summary>
    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancellation, string? registryAuth = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Version + path, UriKind.Relative)) { Content = body };
        if (registryAuth is not null)
        {
            request.Headers.Add(RegistryAuthHeader, registryAuth);
        }

        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (HttpRequestException e)
        {
            throw new EngineUnreachableException(Endpoint, e);
        }

        if (response.IsSuccessStatusCode || response.StatusCode == System.Net.HttpStatusCode.NotModified)
        {
            return response;
        }

        using (response)
        {
            throw new EngineClientException(response.StatusCode, await ErrorAsync(response, cancellation));
        }
    }

    private static async Task<string> ErrorAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var text = "";
        try
        {
            await response.Content.LoadIntoBufferAsync(MaxErrorBytes, cancellation);
            text = await response.Content.ReadAsStringAsync(cancellation);
            using var json = JsonDocument.Parse(text);
            return json.RootElement.GetProperty("message").GetString() ?? text;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or HttpRequestException)
        {
            return text.Length > 0 ? text : $"{(int)response.StatusCode} {response.ReasonPhrase}";
        }
    }

    private static HttpContent Json<T>(T value, JsonTypeInfo<T> type)
    {
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(value, type));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
