using System.Globalization;

namespace Swarm.Api.Client;

public sealed partial class EngineClient
{
    /// <summary>With counts of running and wanted tasks.</summary>
    public Task<IReadOnlyList<Wire.Service>> ServicesAsync(CancellationToken cancellation, params KeyValuePair<string, string>[] filters) =>
        GetAsync("/services" + new QueryString().Add("status", true).Filters(filters), Wire.SwarmJson.Default.IReadOnlyListService, cancellation);

    /// <param name="service">Id, unique start of one, or name.</param>
    public Task<Wire.Service> ServiceAsync(string service, CancellationToken cancellation) =>
        GetAsync("/services/" + Uri.EscapeDataString(service), Wire.SwarmJson.Default.Service, cancellation);

    /// <summary>Answers when the cluster has agreed to the service, not when its tasks run.</summary>
    /// <param name="registryAuth">Docker's X-Registry-Auth value, which the nodes get that pull the image; null: none.</param>
    public Task<Wire.ServiceCreateResponse> CreateServiceAsync(Wire.ServiceSpec spec, CancellationToken cancellation, string? registryAuth = null) =>
        AskAsync(
            HttpMethod.Post, "/services/create", Json(spec, Wire.SwarmJson.Default.ServiceSpec), Wire.SwarmJson.Default.ServiceCreateResponse, cancellation, registryAuth);

    /// <param name="registryAuth">As when it is created; null: what it has.</param>
    public Task<Wire.ServiceUpdateResponse> UpdateServiceAsync(string id, ulong version, Wire.ServiceSpec spec, CancellationToken cancellation, string? registryAuth = null) =>
        AskAsync(
            HttpMethod.Post,
            $"/services/{Uri.EscapeDataString(id)}/update{new QueryString().Add("version", version)}",
            Json(spec, Wire.SwarmJson.Default.ServiceSpec),
            Wire.SwarmJson.Default.ServiceUpdateResponse,
            cancellation,
            registryAuth);

    /// <param name="budget">Tasks that may move; null: as many as it takes.</param>
    /// <param name="dryRun">Only says what would move.</param>
    public Task<Wire.ServiceRebalanceResponse> RebalanceServiceAsync(string service, int? budget, bool dryRun, CancellationToken cancellation) =>
        AskAsync(
            HttpMethod.Post,
            $"/services/{Uri.EscapeDataString(service)}/rebalance{new QueryString().Add("budget", budget?.ToString(CultureInfo.InvariantCulture)).Add("dryRun", dryRun)}",
            null,
            Wire.SwarmJson.Default.ServiceRebalanceResponse,
            cancellation);

    /// <summary>Every node's part of a network of the cluster, compared with the store.</summary>
    public Task<IReadOnlyList<Wire.NetworkCheckResult>> CheckNetworkAsync(string network, CancellationToken cancellation) =>
        GetAsync($"/networks/{Uri.EscapeDataString(network)}/check", Wire.NetworkJson.Default.IReadOnlyListNetworkCheckResult, cancellation);

    public Task RemoveServiceAsync(string service, CancellationToken cancellation) =>
        TellAsync(HttpMethod.Delete, "/services/" + Uri.EscapeDataString(service), null, cancellation);

    public Task<IReadOnlyList<Wire.TaskInspect>> TasksAsync(CancellationToken cancellation, params KeyValuePair<string, string>[] filters) =>
        GetAsync("/tasks" + new QueryString().Filters(filters), Wire.SwarmJson.Default.IReadOnlyListTaskInspect, cancellation);
}
