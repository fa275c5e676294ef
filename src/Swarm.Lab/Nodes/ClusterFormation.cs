using Swarm.Api.Client;
using Swarm.Api.Wire;
using Swarm.Engine.Images;
using Swarm.Lab.Network;
using Swarm.Lab.State;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Lab.Nodes;

/// <summary>Makes one cluster of a lab's daemons, through the same API that users have.</summary>
internal sealed class ClusterFormation(Lab lab, LabRecord record, LabProgress progress)
{
    /// <summary>As `docker swarm init` without --listen-addr.</summary>
    public const int Port = 2377;
    public const string Image = "busybox:latest";

    /// <summary>A cluster that is not whole by then will not be without help.</summary>
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(50);

    public async Task LoadImageAsync(string node, string? busybox, CancellationToken cancellation)
    {
        if (busybox is null)
        {
            return;
        }

        using var archive = new MemoryStream();
        BusyboxImage.Write(archive, busybox, Image);
        archive.Position = 0;
        using var client = lab.Connect(node);
        await client.LoadImagesAsync(archive, cancellation);
    }

    /// <summary>The first manager makes the cluster; then managers join one after the other, and the workers beside them.</summary>
    public async Task FormAsync(CancellationToken cancellation)
    {
        var first = record.Nodes[0];
        using (var client = lab.Connect(first.Name))
        {
            await client.InitSwarmAsync(
                new InitRequest { ListenAddr = $"0.0.0.0:{Port}", AdvertiseAddr = Advertised(first) }, cancellation);
        }

        progress($"{first.Name,-5} made the cluster");
        var workers = Task.WhenAll(record.Nodes.Where(n => n.Role == LabRole.Worker).Select(n => JoinAsync(n.Name, [first.Name], cancellation)));
        foreach (var manager in record.Nodes.Skip(1).Where(n => n.Role == LabRole.Manager))
        {
            await JoinAsync(manager.Name, [first.Name], cancellation);
        }

        await workers;
    }

    /// <param name="through">Nodes that may know the way in; the first manager of them is asked.</param>
    public async Task JoinAsync(string name, IReadOnlyList<string> through, CancellationToken cancellation)
    {
        var node = record.Node(name);
        var (tokens, _) = await AskManagerAsync(through.Where(n => n != name), c => c.InspectSwarmAsync(cancellation));
        using var client = lab.Connect(name);
        await client.JoinSwarmAsync(
            new JoinRequest
            {
                ListenAddr = $"0.0.0.0:{Port}",
                AdvertiseAddr = Advertised(node),
                RemoteAddrs = [.. through.Where(n => n != name && record.Node(n).Role == LabRole.Manager).Select(n => Advertised(record.Node(n)))],
                JoinToken = node.Role == LabRole.Manager ? tokens.JoinTokens!.Manager : tokens.JoinTokens!.Worker,
            },
            cancellation);
        progress($"{name,-5} joined as {node.Role.ToString().ToLowerInvariant()}");
    }

    /// <summary>Waits until a manager sees all these nodes ready, and the managers among them reachable.</summary>
    /// <exception cref="LabException">Not within the limit; says what was seen.</exception>
    public async Task WaitReadyAsync(IReadOnlyList<string> names, CancellationToken cancellation)
    {
        var time = lab.Host.Time;
        var start = time.GetTimestamp();
        while (true)
        {
            var (nodes, _) = await AskManagerAsync(names, c => c.NodesAsync(cancellation));
            var views = nodes.Select(LabViews.Of).ToList();
            var missing = names.Where(n => !views.Any(v => v.Hostname == n && IsReady(v, record.Node(n).Role))).ToList();
            if (missing.Count == 0)
            {
                return;
            }

            if (time.GetElapsedTime(start) > ReadyLimit)
            {
                throw new LabException($"{string.Join(", ", missing)} not ready after {ReadyLimit.TotalSeconds:0} s; a manager sees: {string.Join("; ", views)}");
            }

            // GET /nodes has no form that waits, and no event tells of another node's state.
            await Task.Delay(AskAgain, time, cancellation);
        }
    }

    /// <summary>Demotes, lets leave and forgets a node.</summary>
    public async Task ReleaseAsync(string name, IReadOnlyList<string> running, CancellationToken cancellation)
    {
        var others = running.Where(n => n != name).ToList();
        var (nodes, manager) = await AskManagerAsync(others, c => c.NodesAsync(cancellation));
        var node = nodes.FirstOrDefault(n => n.Description?.Hostname == name);
        if (node is null)
        {
            return;
        }

        using var through = lab.Connect(manager);
        if (node.Spec?.Role == "manager")
        {
            await through.UpdateNodeAsync(node.ID, node.Version!.Index, node.Spec with { Role = "worker" }, cancellation);
        }

        if (running.Contains(name))
        {
            using var own = lab.Connect(name);
            await own.LeaveSwarmAsync(force: true, cancellation);
        }

        await through.RemoveNodeAsync(node.ID, force: true, cancellation);
    }

    /// <summary>Asks the nodes in turn until one that is a manager answers.</summary>
    private async Task<(T Answer, string Node)> AskManagerAsync<T>(IEnumerable<string> names, Func<EngineClient, Task<T>> ask)
    {
        Exception? last = null;
        foreach (var name in names.Where(n => record.Node(n).Role == LabRole.Manager))
        {
            using var client = lab.Connect(name);
            try
            {
                return (await ask(client), name);
            }
            catch (Exception e) when (e is EngineUnreachableException or EngineClientException)
            {
                last = e;
            }
        }

        throw new LabException($"no manager of lab {record.Name} answers: {last?.Message ?? "none runs"}", last);
    }

    private static bool IsReady(NodeView view, LabRole role) =>
        view.State == "ready" && (role == LabRole.Worker || view.Manager is "Leader" or "Reachable");

    private string Advertised(NodeRecord node) => $"{AddressPlan.Node(record, node)}:{Port}";
}
