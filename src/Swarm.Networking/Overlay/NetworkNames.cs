using System.Collections.Frozen;
using System.Net;
using Swarm.Model;

namespace Swarm.Networking.Overlay;

/// <summary>
/// The names of one network as a table has them. A service's own name and its <c>tasks.</c> are nobody else's: aliases and containers that are called the same are
/// not found by it. Aliases and names of containers may be shared, and lead to all who have them.
/// </summary>
internal sealed class NetworkNames
{
    private readonly FrozenDictionary<string, IPAddress[]> addresses;
    private readonly FrozenDictionary<IPAddress, string> names;

    public NetworkNames(NetworkTable table)
    {
        (Name, Id) = (table.Network.Annotations.Name, table.Network.Id);
        var serving = TableServices.Serving(table);
        var owned = new Dictionary<string, IPAddress[]>();
        var shared = new Dictionary<string, List<IPAddress>>();
        var back = new Dictionary<IPAddress, string>();
        foreach (var (id, service) in table.Services.Where(pair => pair.Value.Names.Length > 0))
        {
            IPAddress[] tasks = [.. serving[id].SelectMany(TableServices.Addresses)];
            IPAddress[] virtuals = [.. service.VirtualIps.Select(IPAddress.Parse)];
            var found = virtuals.Length > 0 ? virtuals : tasks;
            owned[service.Names[0].ToLowerInvariant()] = found;
            owned["tasks." + service.Names[0].ToLowerInvariant()] = tasks;
            foreach (var alias in service.Names.Skip(1))
            {
                Share(shared, alias, found);
                Share(shared, "tasks." + alias, tasks);
            }

            foreach (var address in virtuals)
            {
                back[address] = $"{service.Names[0]}.{Name}";
            }
        }

        foreach (var endpoint in table.Endpoints.Values.Where(endpoint => endpoint.Names.Length > 0))
        {
            IPAddress[] found = [.. TableServices.Addresses(endpoint)];
            foreach (var name in endpoint.Names.Distinct(StringComparer.OrdinalIgnoreCase))
            {
                Share(shared, name, found);
            }

            foreach (var address in found)
            {
                back[address] = $"{endpoint.Names[0]}.{Name}";
            }
        }

        addresses = shared.Where(pair => !owned.ContainsKey(pair.Key)).Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Distinct().ToArray())).Concat(owned).ToFrozenDictionary();
        names = back.ToFrozenDictionary();
    }

    public string Id { get; }

    public string Name { get; }

    /// <param name="name">Lower case.</param>
    /// <returns>Null: nobody is called so. Empty: a service whose names lead to its endpoints, none of which serves.</returns>
    public IReadOnlyList<IPAddress>? Find(string name) => addresses.GetValueOrDefault(name);

    public string? NameOf(IPAddress address) => names.GetValueOrDefault(address);

    private static void Share(Dictionary<string, List<IPAddress>> shared, string name, IPAddress[] found)
    {
        var key = name.ToLowerInvariant();
        if (!shared.TryGetValue(key, out var all))
        {
            shared[key] = all = [];
        }

        all.AddRange(found);
    }
}
