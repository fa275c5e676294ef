using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Api.Membership;
using Swarm.Api.Services;
using Swarm.Api.Wire;
using Swarm.Engine;
using Swarm.Manager.Control;
using Swarm.Model;
using static Swarm.Api.Wire.WireValues;

namespace Swarm.Api.Secrets;

/// <summary>/secrets and /configs. The value of a secret is read and never written.</summary>
public static class SecretEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, ManagerAccess access)
    {
        Map(routes, access, "/secrets", PayloadKind.Secret, SwarmJson.Default.SecretSpec, ReadSecret, WriteSecret, SwarmJson.Default.SecretInspect, SwarmJson.Default.IReadOnlyListSecretInspect);
        Map(routes, access, "/configs", PayloadKind.Config, SwarmJson.Default.ConfigSpec, ReadConfig, WriteConfig, SwarmJson.Default.ConfigInspect, SwarmJson.Default.IReadOnlyListConfigInspect);
    }

    private static void Map<TSpec, TInspect>(
        IEndpointRouteBuilder routes,
        ManagerAccess access,
        string path,
        PayloadKind kind,
        JsonTypeInfo<TSpec> specType,
        Func<TSpec, GivenPayload> read,
        Func<IPayload, TInspect> write,
        JsonTypeInfo<TInspect> inspectType,
        JsonTypeInfo<IReadOnlyList<TInspect>> listType)
        where TSpec : class, new()
    {
        routes.MapGet(path, async context =>
        {
            var filters = Filters.Read(context, "id", "label", "name", "names");
            var view = await access.ReadAsync(context.RequestAborted).ConfigureAwait(false);
            var found = kind.All(view).Where(one => Matches(one, filters)).Select(write);
            await context.WriteJsonAsync<IReadOnlyList<TInspect>>([.. found], listType).ConfigureAwait(false);
        });
        routes.MapPost(path + "/create", async context =>
        {
            var given = read(await context.ReadJsonAsync(specType).ConfigureAwait(false) ?? new TSpec());
            var spec = new PayloadSpec(given.Annotations, given.Data ?? [], given.Driver, given.Templating);
            var id = await access.Payloads(kind).CreateAsync(spec, context.RequestAborted).ConfigureAwait(false);
            await context.WriteJsonAsync(new IDResponse { ID = id }, SwarmJson.Default.IDResponse, StatusCodes.Status201Created).ConfigureAwait(false);
        });
        routes.MapGet(path + "/{id}", async context =>
        {
            var view = await access.ReadAsync(context.RequestAborted).ConfigureAwait(false);
            await context.WriteJsonAsync(write(view.Payload(kind, context.RouteString("id"))), inspectType).ConfigureAwait(false);
        });
        routes.MapDelete(path + "/{id}", async context =>
        {
            await access.Payloads(kind).RemoveAsync(context.RouteString("id"), context.RequestAborted).ConfigureAwait(false);
            await context.AnswerEmptyAsync(StatusCodes.Status204NoContent).ConfigureAwait(false);
        });
        routes.MapPost(path + "/{id}/update", async context =>
        {
            var given = read(await context.ReadJsonAsync(specType).ConfigureAwait(false) ?? new TSpec());
            if (!long.TryParse(context.QueryString("version"), out var version))
            {
                throw EngineException.BadRequest($"invalid {kind.Name} version");
            }

            await access.Payloads(kind).UpdateAsync(context.RouteString("id"), version, given.Annotations, given.Data, context.RequestAborted).ConfigureAwait(false);
            await context.AnswerEmptyAsync(StatusCodes.Status200OK).ConfigureAwait(false);
        });
    }

    /// <summary>As Docker: what any of the ids and names fits, if it has all the labels.</summary>
    private static bool Matches(IPayload payload, Filters filters)
    {
        var (id, name) = (payload.Id, payload.Annotations.Name);
        var isNamed = (!filters.Has("id") && !filters.Has("name") && !filters.Has("names"))
            || (filters.Has("id") && filters.Prefix("id", id)) || (filters.Has("name") && filters.Prefix("name", name)) || (filters.Has("names") && filters.Exact("names", name));
        return isNamed && filters.Labels("label", payload.Annotations.Labels);
    }

    private static GivenPayload ReadSecret(SecretSpec spec) =>
        new(new Annotations { Name = spec.Name ?? "", Labels = WireValues.Map(spec.Labels) }, spec.Data, spec.Driver is null ? null : spec.Driver.Name ?? "", TaskSpecReader.Driver(spec.Templating));

    private static GivenPayload ReadConfig(ConfigSpec spec) =>
        new(new Annotations { Name = spec.Name ?? "", Labels = WireValues.Map(spec.Labels) }, spec.Data, null, TaskSpecReader.Driver(spec.Templating));

    private static SecretInspect WriteSecret(IPayload secret) => new()
    {
        ID = secret.Id,
        Version = Version(secret.Meta.Version),
        CreatedAt = secret.Meta.CreatedAt.UtcDateTime,
        UpdatedAt = secret.Meta.UpdatedAt.UtcDateTime,
        Spec = new SecretSpec { Name = secret.Annotations.Name, Labels = Nullable(secret.Annotations.Labels), Templating = TaskSpecWriter.Driver(secret.Templating) },
    };

    private static ConfigInspect WriteConfig(IPayload config) => new()
    {
        ID = config.Id,
        Version = Version(config.Meta.Version),
        CreatedAt = config.Meta.CreatedAt.UtcDateTime,
        UpdatedAt = config.Meta.UpdatedAt.UtcDateTime,
        Spec = new ConfigSpec { Name = config.Annotations.Name, Labels = Nullable(config.Annotations.Labels), Data = config.Data, Templating = TaskSpecWriter.Driver(config.Templating) },
    };

    private sealed record GivenPayload(Annotations Annotations, byte[]? Data, string? Driver, DriverConfig? Templating)
    {
        public override string ToString() => Annotations.Name;
    }
}
