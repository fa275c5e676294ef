using System.Net;
using Swarm.Api.Client;
using Swarm.Api.Wire;
using Swarm.Engine.Images;
using Swarm.Lab.Nodes;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Chaos.Running;

/// <summary>Changes who the managers are, through the same API that users have, and through the disturbances of a run.</summary>
public sealed class Membership(ClusterAccess cluster)
{
    /// <summary>One step; a manager waits for a leader, and a joiner for its turn.</summary>
    private static readonly TimeSpan StepLimit = TimeSpan.FromSeconds(20);

    /// <summary>What the workloads' services run.</summary>
    private const string Image = "busybox:latest";

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    /// <summary>As the node itself says; empty if it is in no swarm.</summary>
    public async Task<SwarmInfo> AskSelfAsync(string node, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(StepLimit, cluster.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        return (await cluster.Client(node).InfoAsync(both.Token)).Swarm ?? new SwarmInfo();
    }

    public Task<IReadOnlyList<Node>> NodesAsync(CancellationToken cancellation, params string[] except) =>
        cluster.AskAsync((client, token) => client.NodesAsync(token), StepLimit, cancellation, except);

    /// <summary>Promotes or demotes.</summary>
    /// <exception cref="EngineClientException">Refused: the managers would lose their majority.</exception>
    public async Task SetRoleAsync(string id, string role, CancellationToken cancellation, params string[] except)
    {
        EngineClientException? refused = null;
        await cluster.AskAsync(
            async (client, token) =>
            {
                var node = await client.NodeAsync(id, token);
                if (node.Spec?.Role == role)
                {
                    return true;
                }

                try
                {
                    await client.UpdateNodeAsync(id, node.Version!.Index, node.Spec! with { Role = role }, token);
                }
                catch (EngineClientException e) when (e.Status == HttpStatusCode.BadRequest)
                {
                    refused = e;
                }

                return true;
            },
            StepLimit, cancellation, except);
        if (refused is not null)
        {
            throw refused;
        }
    }

    /// <summary>Demotes a node that is gone or will not come back as itself, waits until the consensus is without it, and removes its record.</summary>
    public async Task ForgetAsync(string id, CancellationToken cancellation, params string[] except)
    {
        await SetRoleAsync(id, "worker", cancellation, except);
        await UntilAsync($"{id} is no manager any more", async () =>
            (await NodesAsync(cancellation, except)).All(n => n.ID != id || n.ManagerStatus is null), cancellation);
        await cluster.AskAsync(
            async (client, token) =>
            {
                try
                {
                    await client.RemoveNodeAsync(id, force: true, token);
                }
                catch (EngineClientException e) when (e.Status == HttpStatusCode.NotFound)
                {
                    // A try whose answer was lost has done it.
                }

                return true;
            },
            StepLimit, cancellation, except);
    }

    /// <summary>A node whose disk was wiped gets its image again: the lab reaches no registry.</summary>
    public async Task LoadImageAsync(string node, CancellationToken cancellation)
    {
        using var archive = new MemoryStream();
        BusyboxImage.Write(archive, RunOptions.Busybox, Image);
        archive.Position = 0;
        await cluster.Client(node).LoadImagesAsync(archive, cancellation);
    }

    /// <summary>A node that is in no swarm becomes a manager of this one.</summary>
    public async Task JoinAsync(string node, CancellationToken cancellation)
    {
        var swarm = await cluster.AskAsync((client, token) => client.InspectSwarmAsync(token), StepLimit, cancellation, node);
        using var limit = new CancellationTokenSource(StepLimit, cluster.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        await cluster.Client(node).JoinSwarmAsync(
            new JoinRequest
            {
                ListenAddr = "0.0.0.0:2377",
                AdvertiseAddr = $"{cluster.Lab.Address(node)}:2377",
                RemoteAddrs = [.. cluster.Managers.Where(m => m != node && cluster.Lab.Condition(m) == NodeCondition.Running).Select(m => $"{cluster.Lab.Address(m)}:2377")],
                JoinToken = swarm.JoinTokens!.Manager,
            },
            both.Token);
    }

    public async Task WaitManagerAsync(string node, CancellationToken cancellation)
    {
        var id = (await AskSelfAsync(node, cancellation)).NodeID;
        await UntilAsync($"{node} is a manager", async () =>
            (await NodesAsync(cancellation)).Any(n => n.ID == id && n.ManagerStatus?.Reachability == "reachable"), cancellation);
    }

    /// <exception cref="TimeoutException">Not within the limit of a step.</exception>
    public async Task UntilAsync(string what, Func<Task<bool>> ask, CancellationToken cancellation)
    {
        var start = cluster.Time.GetTimestamp();
        while (!await ask())
        {
            if (cluster.Time.GetElapsedTime(start) > StepLimit)
            {
                throw new TimeoutException($"not within {StepLimit.TotalSeconds:0} s: {what}");
            }

            await Task.Delay(LookAgain, cluster.Time, cancellation);
        }
    }
}
