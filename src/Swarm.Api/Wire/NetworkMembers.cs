namespace Swarm.Api.Wire;

/// <summary>A node that has a part in a network of the cluster.</summary>
public sealed record PeerInfo(string Name, string IP);

/// <summary>A service on a network, in a verbose inspection.</summary>
public sealed record ServiceInfo
{
    public string VIP { get; init; } = "";
    public IReadOnlyList<string> Ports { get; init; } = [];
    public int LocalLBIndex { get; init; }
    public IReadOnlyList<TaskInfo> Tasks { get; init; } = [];
}

public sealed record TaskInfo
{
    public string Name { get; init; } = "";
    public string EndpointID { get; init; } = "";
    public string EndpointIP { get; init; } = "";
    public IReadOnlyDictionary<string, string> Info { get; init; } = new Dictionary<string, string>();
}
