using Swarm.Networking.Nftables;

namespace Swarm.Networking.Bridge;

/// <summary>What somebody else took away is put back.</summary>
internal sealed partial class BridgeState
{
    private int statedRules;

    /// <summary>Looks whether all bridges and all rules are there; cheap when they are.</summary>
    public async Task RepairAsync()
    {
        try
        {
            await PutBackAsync();
            await RepairOverlaysAsync();
        }
        catch (Exception error) when (error is NetworkFault or IOException)
        {
            LogNotRepaired(logger, error.Message); // the next change, or the next thing that is taken away, tries again
        }
    }

    private async Task PutBackAsync()
    {
        var gone = networks.Values.Where(network => network.Record is { IsOverlay: false, IsMacvlan: false } && route.FindLink(network.Link.Name)?.Index != network.Link.Index).ToList();
        foreach (var network in gone)
        {
            LogRepairing(logger, $"link {network.Link.Name} is gone");
            network.Link = BridgeLink.Ensure(host, route, network.Record, network.Settings, network.Settings.Mtu > 0 ? network.Settings.Mtu : options.Mtu);
            foreach (var endpoint in sandboxes.Values.Select(sandbox => sandbox.On(network.Id)).OfType<BridgeEndpoint>())
            {
                IsOnBridge(endpoint);
            }
        }

        if (options.ManagesFirewall && RuleCount.Of(host, rules.Table[(rules.Table.IndexOf(' ') + 1)..]) != statedRules)
        {
            LogRepairing(logger, $"rules of table {rules.Table} are gone");
            await RestateRulesAsync(CancellationToken.None);
        }
    }
}
