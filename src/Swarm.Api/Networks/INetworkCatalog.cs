using Swarm.Api.Wire;

namespace Swarm.Api.Networks;

/// <summary>The networks that containers of this node can use. The networking room fills it; a refusal is an EngineException.</summary>
public interface INetworkCatalog
{
    /// <summary>With the containers that are on each.</summary>
    IReadOnlyList<NetworkResource> List();

    /// <returns>The id.</returns>
    Task<string> CreateAsync(NetworkCreateRequest request, CancellationToken cancellation);

    /// <param name="network">Name, id, or a beginning of the id.</param>
    /// <returns>What it was.</returns>
    Task<NetworkResource> RemoveAsync(string network, CancellationToken cancellation);

    Task ConnectAsync(string network, NetworkConnectRequest request, CancellationToken cancellation);

    Task DisconnectAsync(string network, NetworkDisconnectRequest request, CancellationToken cancellation);
}
