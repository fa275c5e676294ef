using System.Globalization;
using Swarm.Api.Client;
using Swarm.Api.Wire;

namespace Swarm.Lab;

/// <summary>The cluster's own words about its nodes, in short.</summary>
internal static class LabViews
{
    public static NodeView Of(Node node) => new(
        node.ID,
        node.Description?.Hostname ?? "",
        node.Status?.State ?? "unknown",
        node.Spec?.Availability ?? "",
        node.ManagerStatus is { } manager ? manager.Leader == true ? "Leader" : Capitalized(manager.Reachability ?? "unknown") : "");

    private static string Capitalized(string word) => word.Length == 0 ? word : char.ToUpper(word[0], CultureInfo.InvariantCulture) + word[1..];
}

public sealed partial class Lab
{
    /// <summary>A node that is paused or cut off does not answer: the next is asked.</summary>
    private static readonly TimeSpan ViewLimit = TimeSpan.FromSeconds(2);

    /// <summary>The nodes as the first manager that answers sees them; empty if none does.</summary>
    public async Task<IReadOnlyList<NodeView>> ClusterViewAsync(CancellationToken cancellation)
    {
        foreach (var name in Running())
        {
            using var client = Connect(name);
            using var limit = new CancellationTokenSource(ViewLimit, Host.Time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
            try
            {
                return [.. (await client.NodesAsync(both.Token)).Select(LabViews.Of)];
            }
            catch (Exception e) when (e is EngineUnreachableException or EngineClientException
                || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                // Not a manager, no leader there, or no answer.
            }
        }

        return [];
    }
}
