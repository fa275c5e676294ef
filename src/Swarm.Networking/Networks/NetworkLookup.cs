using System.Collections.Immutable;

namespace Swarm.Networking.Networks;

/// <summary>Which network a user means.</summary>
public static class NetworkLookup
{
    /// <param name="network">A whole id, a name, or a beginning of the id that fits only one.</param>
    /// <exception cref="NetworkFault">None fits, or several do.</exception>
    public static NetworkRecord Get(ImmutableDictionary<string, NetworkRecord> records, string network)
    {
        if (records.TryGetValue(network, out var exact))
        {
            return exact;
        }

        if (records.Values.FirstOrDefault(record => record.Name == network) is { } named)
        {
            return named;
        }

        var fitting = network.Length == 0 ? [] : records.Values.Where(record => record.Id.StartsWith(network, StringComparison.Ordinal)).ToList();
        return fitting.Count switch
        {
            1 => fitting[0],
            0 => throw new NetworkFault(NetworkFaultKind.NotFound, $"network {network} not found"),
            var many => throw new NetworkFault(NetworkFaultKind.Invalid, $"network {network} is ambiguous ({many} matches found based on ID prefix)"),
        };
    }
}
