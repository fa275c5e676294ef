using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Control;

/// <summary>The network of the cluster that a user names: the full id, else the full name, else a prefix of one id.</summary>
public static class NetworkLookup
{
    /// <exception cref="ControlException">500: the prefix is that of more than one.</exception>
    public static Network? TryFind(StoreView view, string input)
    {
        if (input.Length == 0)
        {
            return null;
        }

        if ((view.Networks.Find(input) ?? view.Networks.FindByName(input)) is { } exact)
        {
            return exact;
        }

        var found = view.Networks.Where(network => network.Id.StartsWith(input, StringComparison.Ordinal)).ToList();
        return found.Count > 1 ? throw new ControlException(500, $"network {input} is ambiguous ({found.Count} matches found)") : found.FirstOrDefault();
    }

    /// <inheritdoc cref="TryFind"/>
    /// <exception cref="ControlException">404: there is none.</exception>
    public static Network Network(this StoreView view, string input) => TryFind(view, input) ?? throw ControlException.NotFound($"network {input} not found");
}
