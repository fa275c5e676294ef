namespace Swarm.Api.Client;

public sealed partial class EngineClient
{
    public Task<IReadOnlyList<Wire.SecretInspect>> SecretsAsync(CancellationToken cancellation, params KeyValuePair<string, string>[] filters) =>
        GetAsync("/secrets" + new QueryString().Filters(filters), Wire.SwarmJson.Default.IReadOnlyListSecretInspect, cancellation);

    /// <returns>Its id.</returns>
    public async Task<string> CreateSecretAsync(Wire.SecretSpec spec, CancellationToken cancellation) =>
        (await AskAsync(HttpMethod.Post, "/secrets/create", Json(spec, Wire.SwarmJson.Default.SecretSpec), Wire.SwarmJson.Default.IDResponse, cancellation)).ID;

    public Task RemoveSecretAsync(string secret, CancellationToken cancellation) =>
        TellAsync(HttpMethod.Delete, "/secrets/" + Uri.EscapeDataString(secret), null, cancellation);

    public Task<IReadOnlyList<Wire.ConfigInspect>> ConfigsAsync(CancellationToken cancellation, params KeyValuePair<string, string>[] filters) =>
        GetAsync("/configs" + new QueryString().Filters(filters), Wire.SwarmJson.Default.IReadOnlyListConfigInspect, cancellation);

    /// <returns>Its id.</returns>
    public async Task<string> CreateConfigAsync(Wire.ConfigSpec spec, CancellationToken cancellation) =>
        (await AskAsync(HttpMethod.Post, "/configs/create", Json(spec, Wire.SwarmJson.Default.ConfigSpec), Wire.SwarmJson.Default.IDResponse, cancellation)).ID;

    public Task RemoveConfigAsync(string config, CancellationToken cancellation) =>
        TellAsync(HttpMethod.Delete, "/configs/" + Uri.EscapeDataString(config), null, cancellation);

    public Task<IReadOnlyList<Wire.NetworkResource>> NetworksAsync(CancellationToken cancellation, params KeyValuePair<string, string>[] filters) =>
        GetAsync("/networks" + new QueryString().Filters(filters), Wire.NetworkJson.Default.IReadOnlyListNetworkResource, cancellation);

    /// <returns>Its id.</returns>
    public async Task<string> CreateNetworkAsync(Wire.NetworkCreateRequest request, CancellationToken cancellation) =>
        (await AskAsync(HttpMethod.Post, "/networks/create", Json(request, Wire.NetworkJson.Default.NetworkCreateRequest), Wire.NetworkJson.Default.NetworkCreated, cancellation)).Id;

    public Task RemoveNetworkAsync(string network, CancellationToken cancellation) =>
        TellAsync(HttpMethod.Delete, "/networks/" + Uri.EscapeDataString(network), null, cancellation);

    /// <summary>What the image's registry has under its name now.</summary>
    /// <param name="registryAuth">Docker's X-Registry-Auth value; null: none.</param>
    /// <exception cref="EngineClientException">It could not be found out.</exception>
    public async Task<RemoteImage> RemoteImageAsync(string image, string? registryAuth, CancellationToken cancellation)
    {
        var path = $"/distribution/{string.Join('/', image.Split('/').Select(Uri.EscapeDataString))}/json";
        var found = await AskAsync(HttpMethod.Get, path, null, Images.ImageWireJson.Default.DistributionAnswer, cancellation, registryAuth);
        return new RemoteImage(found.Descriptor.Digest, [.. found.Platforms.Select(one => new Wire.Platform { Architecture = one.Architecture, OS = one.Os })]);
    }
}

/// <param name="Digest">Of the manifest, or of the list of them.</param>
public sealed record RemoteImage(string Digest, IReadOnlyList<Wire.Platform> Platforms);
