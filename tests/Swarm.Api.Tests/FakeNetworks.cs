using Swarm.Api.Networks;
using Swarm.Api.Wire;
using Swarm.Engine;

namespace Swarm.Api.Tests;

/// <summary>Networks that are only a list: the three of every engine, and what is made.</summary>
internal sealed class FakeNetworks : INetworkCatalog
{
    private List<NetworkResource> networks =
    [
        Make("bridge", "bridge", 'b'),
        Make("host", "host", 'c'),
        Make("none", "null", 'd'),
    ];

    /// <summary>What was asked for, one line each.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>Names that a removal refuses.</summary>
    public HashSet<string> InUse { get; } = [];

    public IReadOnlyList<NetworkResource> List() => networks;

    public Task<string> CreateAsync(NetworkCreateRequest request, CancellationToken cancellation)
    {
        Calls.Add($"create {request.Name} {request.IPAM?.Config?.FirstOrDefault()?.Subnet} {request.EnableIPv6}");
        var network = Make(request.Name!, "bridge", (char)('0' + networks.Count)) with { Labels = request.Labels ?? new Dictionary<string, string>() };
        networks = [.. networks, network];
        return Task.FromResult(network.Id);
    }

    public Task<NetworkResource> RemoveAsync(string network, CancellationToken cancellation)
    {
        var found = networks.Find(one => one.Id == network || one.Name == network) ?? throw EngineException.NotFound($"network {network} not found");
        if (InUse.Contains(found.Name))
        {
            throw new EngineException(403, $"error while removing network: network {found.Name} has active endpoints");
        }

        networks = [.. networks.Where(one => one != found)];
        return Task.FromResult(found);
    }

    public Task ConnectAsync(string network, NetworkConnectRequest request, CancellationToken cancellation)
    {
        Calls.Add($"connect {network} {request.Container} {request.EndpointConfig?.IPAMConfig?.IPv4Address} {string.Join(',', request.EndpointConfig?.Aliases ?? [])}");
        return Task.CompletedTask;
    }

    public Task DisconnectAsync(string network, NetworkDisconnectRequest request, CancellationToken cancellation)
    {
        Calls.Add($"disconnect {network} {request.Container} {request.Force}");
        return Task.CompletedTask;
    }

    private static NetworkResource Make(string name, string driver, char digit) => new()
    {
        Name = name,
        Id = new string(digit, 64),
        Created = DateTime.UnixEpoch,
        Driver = driver,
        EnableIPv4 = true,
    };
}
