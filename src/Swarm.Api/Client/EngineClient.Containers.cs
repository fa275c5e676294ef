using Swarm.Engine.Containers.Wire;

namespace Swarm.Api.Client;

public sealed partial class EngineClient
{
    public Task<Wire.SystemInfo> InfoAsync(CancellationToken cancellation) => GetAsync("/info", ClientJson.Default.SystemInfo, cancellation);

    public Task<Wire.SystemVersion> VersionAsync(CancellationToken cancellation) => GetAsync("/version", ClientJson.Default.SystemVersion, cancellation);

    /// <param name="all">Also those that do not run.</param>
    public Task<IReadOnlyList<ContainerSummary>> ContainersAsync(bool all, CancellationToken cancellation, params KeyValuePair<string, string>[] filters) =>
        GetAsync("/containers/json" + new QueryString().Add("all", all).Filters(filters), ClientJson.Default.IReadOnlyListContainerSummary, cancellation);

    /// <param name="name">Null: the engine makes one up.</param>
    public Task<ContainerCreated> CreateContainerAsync(string? name, ContainerCreateRequest request, CancellationToken cancellation) =>
        AskAsync(
            HttpMethod.Post,
            "/containers/create" + new QueryString().Add("name", name),
            Json(request, ClientJson.Default.ContainerCreateRequest),
            ClientJson.Default.ContainerCreated,
            cancellation);

    public Task StartContainerAsync(string container, CancellationToken cancellation) =>
        TellAsync(HttpMethod.Post, $"/containers/{Uri.EscapeDataString(container)}/start", null, cancellation);

    /// <summary>Answers when it next ends; may be asked before it is started.</summary>
    public Task<ContainerWaited> WaitForExitAsync(string container, CancellationToken cancellation) =>
        AskAsync(
            HttpMethod.Post,
            $"/containers/{Uri.EscapeDataString(container)}/wait{new QueryString().Add("condition", "next-exit")}",
            null,
            ClientJson.Default.ContainerWaited,
            cancellation);

    /// <param name="signal">Its name, with or without SIG, or its number.</param>
    public Task KillContainerAsync(string container, string signal, CancellationToken cancellation) =>
        TellAsync(HttpMethod.Post, $"/containers/{Uri.EscapeDataString(container)}/kill{new QueryString().Add("signal", signal)}", null, cancellation);

    public Task RemoveContainerAsync(string container, bool force, CancellationToken cancellation) =>
        TellAsync(
            HttpMethod.Delete, $"/containers/{Uri.EscapeDataString(container)}{new QueryString().Add("force", force).Add("v", true)}", null, cancellation);
}
