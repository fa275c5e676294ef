using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Api.Membership;
using Swarm.Api.Networks;
using Swarm.Api.Wire;
using Swarm.Engine;
using Swarm.Manager.Control;

namespace Swarm.Api.Services;

/// <summary>/services.</summary>
public static class ServiceEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, ManagerAccess access, INetworkCatalog networks)
    {
        routes.MapGet("/services", context => ListAsync(context, access));
        routes.MapPost("/services/create", context => CreateAsync(context, access, networks));
        routes.MapGet("/services/{id}", context => InspectAsync(context, access));
        routes.MapDelete("/services/{id}", context => RemoveAsync(context, access));
        routes.MapPost("/services/{id}/update", context => UpdateAsync(context, access, networks));
        RebalanceEndpoint.Map(routes, access);
    }

    private static async Task ListAsync(HttpContext context, ManagerAccess access)
    {
        var filters = Filters.Read(context, "id", "label", "mode", "name", "runtime");
        var withStatus = context.QueryParsedBool("status");
        var view = await access.ReadAsync(context.RequestAborted).ConfigureAwait(false);
        var services = view.Services.Where(one => !one.PendingDelete && Matches(one, filters))
            .Select(one => ServiceWriter.Write(one, status: withStatus ? ServiceStatuses.Count(view, one) : null));
        await context.WriteJsonAsync<IReadOnlyList<Service>>([.. services], SwarmJson.Default.IReadOnlyListService).ConfigureAwait(false);
    }

    private static bool Matches(Model.Service service, Filters filters) =>
        filters.Prefix("id", service.Id)
        && filters.Prefix("name", service.Spec.Annotations.Name)
        && filters.Labels("label", service.Spec.Annotations.Labels)
        && filters.Exact("runtime", "container")
        && filters.Exact("mode", service.Spec.Mode switch
        {
            Model.ServiceMode.Global => "global",
            Model.ServiceMode.ReplicatedJob => "replicated-job",
            Model.ServiceMode.GlobalJob => "global-job",
            _ => "replicated",
        });

    private static async Task CreateAsync(HttpContext context, ManagerAccess access, INetworkCatalog networks)
    {
        var spec = await ReadAsync(context).ConfigureAwait(false);
        var control = access.ServicesBeside(name => NetworkEndpoints.NameOf(networks, name));
        var created = await control.CreateAsync(WithAuth(ServiceSpecReader.Read(spec, networks), context), context.RequestAborted).ConfigureAwait(false);
        await context.WriteJsonAsync(new ServiceCreateResponse { ID = created.Id }, SwarmJson.Default.ServiceCreateResponse, StatusCodes.Status201Created).ConfigureAwait(false);
    }

    private static async Task<ServiceSpec> ReadAsync(HttpContext context) =>
        OlderServiceClients.Adapt(await context.ReadJsonAsync(SwarmJson.Default.ServiceSpec).ConfigureAwait(false) ?? new ServiceSpec(), context.ApiVersion());

    /// <summary>The credentials for the image, which the nodes that pull it get.</summary>
    private static Model.ServiceSpec WithAuth(Model.ServiceSpec spec, HttpContext context) => context.Request.Headers["X-Registry-Auth"].ToString() is { Length: > 0 } auth
        ? spec with { Task = spec.Task with { Container = spec.Task.Container with { RegistryAuth = auth } } }
        : spec;

    private static async Task InspectAsync(HttpContext context, ManagerAccess access)
    {
        var defaults = context.QueryParsedBool("insertDefaults");
        var view = await access.ReadAsync(context.RequestAborted).ConfigureAwait(false);
        await context.WriteJsonAsync(ServiceWriter.Write(view.Service(context.RouteString("id")), defaults), SwarmJson.Default.Service).ConfigureAwait(false);
    }

    private static async Task RemoveAsync(HttpContext context, ManagerAccess access)
    {
        await access.Services.RemoveAsync(context.RouteString("id"), context.RequestAborted).ConfigureAwait(false);
        await context.AnswerEmptyAsync(StatusCodes.Status200OK).ConfigureAwait(false);
    }

    private static async Task UpdateAsync(HttpContext context, ManagerAccess access, INetworkCatalog networks)
    {
        var spec = await ReadAsync(context).ConfigureAwait(false);
        var id = context.RouteString("id");
        var version = context.QueryVersion("service");
        if (context.QueryString("registryAuthFrom") is not ("" or "spec" or "previous-spec"))
        {
            throw EngineException.BadRequest("unsupported registryAuthFrom value");
        }

        var control = access.ServicesBeside(name => NetworkEndpoints.NameOf(networks, name));
        await (context.QueryString("rollback") switch
        {
            "" or "none" => control.UpdateAsync(
                id, version, WithAuth(ServiceSpecReader.Read(spec, networks), context), context.RequestAborted, fromPrevious: context.QueryString("registryAuthFrom") == "previous-spec"),
            "previous" => control.RollbackAsync(id, version, context.RequestAborted),
            var other => throw EngineException.BadRequest($"unrecognized rollback option {other}"),
        }).ConfigureAwait(false);
        await context.WriteJsonAsync(new ServiceUpdateResponse(), SwarmJson.Default.ServiceUpdateResponse).ConfigureAwait(false);
    }
}
