using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Agent;

namespace Swarm.Simulation.World;

/// <summary>A node: what survives a restart of its daemon, and the daemon's agent while it runs.</summary>
public sealed class Machine
{
    private readonly SimulatedCluster _world;
    private CancellationTokenSource? _daemon;

    public Machine(SimulatedCluster world, string id)
    {
        _world = world;
        Id = id;
        Link = new Link(world, id);
        Executor = new ScriptedExecutor(world, id);
        Networks = new ScriptedNetworks(world);
    }

    public string Id { get; }

    public Link Link { get; }

    public ScriptedExecutor Executor { get; }

    public ScriptedNetworks Networks { get; }

    public MemoryJournal Journal { get; } = new();

    public bool IsUp => _daemon is not null;

    public bool IsHealthy(TimeSpan forLast) => IsUp && !Link.IsCut && !Link.IsStalled && Link.HealthySince + forLast <= _world.Time.Elapsed;

    public void Start()
    {
        _daemon = new CancellationTokenSource();
        Link.Touch();
        var agent = new NodeAgent(Id, Link, Executor, Networks, Journal, () => $"{Id}:2377", _world.Time, _world.Random, NullLoggerFactory.Instance);
        _world.Track($"agent of {Id}", agent.RunAsync(_daemon.Token));
    }

    /// <summary>The daemon ends; its containers go on.</summary>
    public void StopDaemon()
    {
        _daemon?.Cancel();
        _daemon = null;
    }

    public void PowerCut(bool losesUnsynced)
    {
        StopDaemon();
        Executor.PowerCut(losesUnsynced);
        Journal.PowerCut(losesUnsynced);
    }
}
