using System.Collections.Concurrent;
using System.Net;

namespace Swarm.Registry.Tests;

/// <summary>An HTTP server on 127.0.0.1 that misbehaves as told.</summary>
internal sealed class ScriptedRegistry : IDisposable
{
    private readonly HttpListener _listener = new();

    public ScriptedRegistry(Func<HttpListenerRequest, HttpListenerResponse, Task> answer)
    {
        Host = $"127.0.0.1:{LocalRegistry.FreePort()}";
        _listener.Prefixes.Add($"http://{Host}/");
        _listener.Start();
        _ = ServeAsync(answer);
    }

    public string Host { get; }

    /// <summary>"PATH RANGE" of each request.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    public static async Task SendAsync(HttpListenerResponse response, byte[] content, int status = 200)
    {
        response.StatusCode = status;
        response.ContentLength64 = content.Length;
        await response.OutputStream.WriteAsync(content);
        response.Close();
    }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync(Func<HttpListenerRequest, HttpListenerResponse, Task> answer)
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            Requests.Enqueue($"{context.Request.Url!.PathAndQuery} {context.Request.Headers["Range"]}".TrimEnd());
            _ = answer(context.Request, context.Response);
        }
    }
}
