using System.Security.Cryptography;
using System.Text;
using Swarm.Api.Wire;

namespace Swarm.Api.Networks;

/// <summary>The networks that containers of this node can use. The networking room fills it.</summary>
public interface INetworkCatalog
{
    IReadOnlyList<NetworkResource> List();
}

/// <summary>The three networks that every engine has from its first start.</summary>
public sealed class PredefinedNetworks(string engineId, DateTimeOffset created) : INetworkCatalog
{
    private readonly IReadOnlyList<NetworkResource> _networks =
    [
        Make(engineId, created, "bridge", "bridge"),
        Make(engineId, created, "host", "host"),
        Make(engineId, created, "none", "null"),
    ];

    public IReadOnlyList<NetworkResource> List() => _networks;

    /// <summary>The id holds as long as the engine's own.</summary>
    private static NetworkResource Make(string engineId, DateTimeOffset created, string name, string driver) => new()
    {
        Name = name,
        Id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{engineId}/{name}"))),
        Created = created.UtcDateTime,
        Driver = driver,
        EnableIPv4 = true,
    };
}
