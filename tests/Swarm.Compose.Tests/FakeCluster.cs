using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Swarm.Api.Client;
using Swarm.Api.Wire;

namespace Swarm.Compose.Tests;

/// <summary>What stacks ask of a cluster, kept in memory; objects' names are their ids.</summary>
internal sealed class FakeCluster : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("swarm-compose-tests-");

    private FakeCluster()
    {
        var socket = Path.Combine(_folder.FullName, "e.sock");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddRoutingCore();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(socket));
        _application = builder.Build();
        Map(_application.MapGroup("/v1.51"));
        Client = new EngineClient(EngineEndpoint.Parse("unix://" + socket));
    }

    internal EngineClient Client { get; }

    internal Dictionary<string, Service> Services { get; } = new(StringComparer.Ordinal);

    internal Dictionary<string, SecretSpec> Secrets { get; } = new(StringComparer.Ordinal);

    internal Dictionary<string, ConfigSpec> Configs { get; } = new(StringComparer.Ordinal);

    /// <summary>Credentials by the service that they came with.</summary>
    internal Dictionary<string, string> Credentials { get; } = new(StringComparer.Ordinal);

    /// <summary>Images of which a registry was asked.</summary>
    internal List<string> Asked { get; } = [];

    internal static async Task<FakeCluster> StartAsync()
    {
        var cluster = new FakeCluster();
        await cluster._application.StartAsync();
        return cluster;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _application.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private void Map(RouteGroupBuilder routes)
    {
        routes.MapGet("/networks", context => context.Response.WriteAsync("""[{"Name":"none","Id":"n"}]"""));
        routes.MapGet("/services", context => WriteAsync<IReadOnlyList<Service>>(context, [.. Services.Values], SwarmJson.Default.IReadOnlyListService));
        routes.MapPost("/services/create", async context =>
        {
            var spec = await ReadAsync(context, SwarmJson.Default.ServiceSpec);
            await WriteAsync(context, new ServiceCreateResponse { ID = Keep(context, spec, null) }, SwarmJson.Default.ServiceCreateResponse);
        });
        routes.MapPost("/services/{id}/update", async context =>
        {
            var before = Services[(string)context.Request.RouteValues["id"]!];
            Keep(context, await ReadAsync(context, SwarmJson.Default.ServiceSpec), before.Spec);
            await WriteAsync(context, new ServiceUpdateResponse(), SwarmJson.Default.ServiceUpdateResponse);
        });
        routes.MapDelete("/services/{id}", context => Forget(Services, context));
        routes.MapGet("/secrets", context => WriteAsync<IReadOnlyList<SecretInspect>>(
            context, [.. Secrets.Values.Select(spec => new SecretInspect { ID = spec.Name!, Spec = spec with { Data = null } })], SwarmJson.Default.IReadOnlyListSecretInspect));
        routes.MapPost("/secrets/create", async context =>
        {
            var spec = await ReadAsync(context, SwarmJson.Default.SecretSpec);
            Secrets.Add(spec.Name!, spec);
            await WriteAsync(context, new IDResponse { ID = spec.Name! }, SwarmJson.Default.IDResponse);
        });
        routes.MapDelete("/secrets/{id}", context => Forget(Secrets, context));
        routes.MapGet("/configs", context => WriteAsync<IReadOnlyList<ConfigInspect>>(
            context, [.. Configs.Values.Select(spec => new ConfigInspect { ID = spec.Name!, Spec = spec })], SwarmJson.Default.IReadOnlyListConfigInspect));
        routes.MapPost("/configs/create", async context =>
        {
            var spec = await ReadAsync(context, SwarmJson.Default.ConfigSpec);
            Configs.Add(spec.Name!, spec);
            await WriteAsync(context, new IDResponse { ID = spec.Name! }, SwarmJson.Default.IDResponse);
        });
        routes.MapDelete("/configs/{id}", context => Forget(Configs, context));
        routes.MapGet("/distribution/{**path}", context =>
        {
            var image = ((string)context.Request.RouteValues["path"]!)[..^"/json".Length];
            Asked.Add($"{image} {context.Request.Headers["X-Registry-Auth"]}".Trim());
            return context.Response.WriteAsync("""{"Descriptor":{"mediaType":"m","digest":"sha256:d1","size":1},"Platforms":[{"architecture":"amd64","os":"linux"}]}""");
        });
    }

    private static Task Forget<T>(Dictionary<string, T> objects, HttpContext context)
    {
        objects.Remove((string)context.Request.RouteValues["id"]!);
        return Task.CompletedTask;
    }

    private string Keep(HttpContext context, ServiceSpec spec, ServiceSpec? before)
    {
        if (context.Request.Headers["X-Registry-Auth"].ToString() is { Length: > 0 } credentials)
        {
            Credentials[spec.Name!] = credentials;
        }

        Services[spec.Name!] = new Service { ID = spec.Name!, Version = new Api.Wire.Version { Index = 1 }, Spec = spec, PreviousSpec = before };
        return spec.Name!;
    }

    private static async Task<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type) => (await context.Request.ReadFromJsonAsync(type))!;

    private static Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type) => context.Response.WriteAsJsonAsync(value, type);
}
