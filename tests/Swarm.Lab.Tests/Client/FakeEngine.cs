using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Swarm.Api.Client;

namespace Swarm.Lab.Tests.Client;

/// <summary>A server on a unix socket that answers one request as a test says, and keeps what it was asked.</summary>
internal sealed class FakeEngine : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly DirectoryInfo _folder;

    private FakeEngine(WebApplication application, DirectoryInfo folder, string socket)
    {
        (_application, _folder) = (application, folder);
        Client = new EngineClient(EngineEndpoint.Parse("unix://" + socket));
    }

    public EngineClient Client { get; }

    public List<(string Method, string PathAndQuery, string Body)> Asked { get; } = [];

    public static async Task<FakeEngine> StartAsync(Func<HttpContext, Task> answer)
    {
        var folder = Directory.CreateTempSubdirectory("swarm-lab-tests-");
        var socket = Path.Combine(folder.FullName, "e.sock");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.ListenUnixSocket(socket));
        var application = builder.Build();
        var engine = new FakeEngine(application, folder, socket);
        application.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            engine.Asked.Add((context.Request.Method, context.Request.Path + context.Request.QueryString, await reader.ReadToEndAsync()));
            await answer(context);
        });
        await application.StartAsync();
        return engine;
    }

    public static Task<FakeEngine> AnsweringAsync(int status, string json) => StartAsync(context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json);
    });

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _application.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
