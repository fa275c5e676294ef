using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Api.Membership;
using Swarm.Api.Wire;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Api.Secrets;

/// <summary>/secrets and /configs: the lists, which are empty as long as nothing can be made.</summary>
public static class SecretEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, ManagerAccess access)
    {
        routes.MapGet("/secrets", context => ListAsync(context, access, static view => view.Secrets.Select(one => Write(one, one.Annotations))));
        routes.MapGet("/configs", context => ListAsync(context, access, static view => view.Configs.Select(one => Write(one, one.Annotations))));
    }

    private static async Task ListAsync(HttpContext context, ManagerAccess access, Func<StoreView, IEnumerable<SecretInspect>> select)
    {
        var filters = Filters.Read(context, "id", "label", "name", "names");
        var view = await access.ReadAsync(context.RequestAborted).ConfigureAwait(false);
        var found = select(view).Where(one =>
            filters.Prefix("id", one.ID)
            && filters.Prefix("name", one.Spec!.Name!)
            && filters.Exact("names", one.Spec.Name!)
            && filters.Labels("label", one.Spec.Labels!));
        await context.WriteJsonAsync<IReadOnlyList<SecretInspect>>([.. found], SwarmJson.Default.IReadOnlyListSecretInspect).ConfigureAwait(false);
    }

    private static SecretInspect Write(IStoreObject record, Annotations annotations) => new()
    {
        ID = record.Id,
        Version = WireValues.Version(record.Meta.Version),
        CreatedAt = record.Meta.CreatedAt.UtcDateTime,
        UpdatedAt = record.Meta.UpdatedAt.UtcDateTime,
        Spec = new SecretSpec { Name = annotations.Name, Labels = WireValues.Nullable(annotations.Labels) },
    };
}
