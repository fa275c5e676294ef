using System.Collections.Immutable;
using Swarm.Agent;
using Swarm.Model;
using Swarm.Rpc.Dispatch;

namespace Swarm.Simulation.World;

/// <summary>A machine's networks by a script: they take time and fail now and then. They outlive the daemon, and the machine's power with it: as on a disk.</summary>
public sealed class ScriptedNetworks(SimulatedCluster world) : INodeNetworks
{
    public ImmutableDictionary<string, NetworkTable> Tables { get; private set; } = ImmutableDictionary<string, NetworkTable>.Empty;

    public ImmutableDictionary<string, string> Unsupported => ImmutableDictionary<string, string>.Empty;

    /// <summary>Of containers that are no tasks, as the workload starts and ends them.</summary>
    public ImmutableArray<ContainerPlace> Places { get; set; } = [];

    public Task<ImmutableArray<string>> FaultsAsync(string networkId, CancellationToken cancellation) => Task.FromResult(ImmutableArray<string>.Empty);

    public async Task ApplyAsync(string nodeId, ImmutableDictionary<string, NetworkTable> tables, CancellationToken cancellation)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(world.Random.Next(1, world.Random.Next(20) == 0 ? 2000 : 20)), world.Time, cancellation);
        if (world.IsFaulty && world.Random.Next(30) == 0)
        {
            throw new IOException("the kernel did not answer");
        }

        Tables = tables;
    }
}
