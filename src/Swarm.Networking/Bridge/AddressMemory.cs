using System.Net;

namespace Swarm.Networking.Bridge;

/// <summary>What addresses containers had last, so that one that starts again has the same if nobody took it. Not kept: a wish, not a promise.</summary>
internal sealed class AddressMemory
{
    /// <summary>Beyond it all is forgotten.</summary>
    private const int Most = 8192;

    private readonly Dictionary<(string ContainerId, string NetworkId), (IPAddress? Address, IPAddress? Address6)> last = [];

    public void Remember(BridgeEndpoint endpoint)
    {
        if (last.Count >= Most)
        {
            last.Clear();
        }

        last[(endpoint.ContainerId, endpoint.NetworkId)] = (endpoint.Address, endpoint.Address6);
    }

    public (IPAddress? Address, IPAddress? Address6) Of(string containerId, string networkId) => last.GetValueOrDefault((containerId, networkId));
}
