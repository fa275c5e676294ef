using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Manager;
using Swarm.Manager.Dispatch;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Simulation.Checks;
using Swarm.Simulation.Clock;
using Swarm.Store;

namespace Swarm.Simulation.World;

/// <summary>Managers, agents and machines in one process on virtual time, all drawn from one seed.</summary>
public sealed class SimulatedCluster
{
    private const int Managers = 3;

    /// <summary>Networks on which addresses run out.</summary>
    internal static readonly string[] SmallNetworks = ["net0", "net1"];

    private readonly Pump _pump = new();
    private readonly List<Dispatcher> _dispatchers = [];
    private readonly List<(string What, Task Task)> _tracked = [];
    private TaskCompletionSource _leadershipChanged = new();

    public SimulatedCluster(int seed, int machines, Story story)
    {
        Random = new Random(seed);
        Store = new MemoryStore(Time);
        Checks = new Invariants(this);
        for (var i = 0; i < machines; i++)
        {
            Machines.Add(new Machine(this, $"node{i}"));
        }

        _pump.AfterStep = Examine;
        Call(() =>
        {
            Write(new StoreTransaction().Create(new Swarm.Model.Cluster { Id = "cluster" }));
            for (var i = 0; story == Story.Networks && i < SmallNetworks.Length; i++)
            {
                Write(new StoreTransaction().Create(new Network
                {
                    Id = SmallNetworks[i],
                    Annotations = new Annotations { Name = SmallNetworks[i] },
                    Attachable = true,
                    Pools = [new NetworkPool { Subnet = $"10.{i + 1}.0.0/28", Gateway = $"10.{i + 1}.0.1" }],
                }));
            }

            foreach (var machine in Machines)
            {
                Write(new StoreTransaction().Create(new Node { Id = machine.Id }));
                machine.Start();
            }

            for (var i = 0; i < Managers; i++)
            {
                var store = new SimulatedStore(Store, this, i);
                var dispatcher = new Dispatcher(store, Time, Random, NullLoggerFactory.Instance);
                _dispatchers.Add(dispatcher);
                Track($"manager {i}", new ManagerLoops(store, dispatcher, Time, Random, NullLoggerFactory.Instance).RunAsync(CancellationToken.None));
            }
        });
    }

    public Random Random { get; }

    public SimulatedTime Time => _pump.Time;

    public MemoryStore Store { get; }

    public Invariants Checks { get; }

    public List<Machine> Machines { get; } = [];

    /// <summary>Failures of executors and doubtful commits happen.</summary>
    public bool IsFaulty { get; set; } = true;

    /// <summary>Which manager leads; -1: none.</summary>
    public int Leader { get; private set; }

    public long Term { get; private set; } = 1;

    public string? LeaderName => Leader < 0 ? null : $"manager{Leader}";

    public Task LeadershipChanged => _leadershipChanged.Task;

    internal Dispatcher LeadingDispatcher => Leader < 0 ? throw new RpcFault(RpcStatus.NotLeader, "there is no leader") : _dispatchers[Leader];

    public void Lead(int manager) => Call(() =>
    {
        Leader = manager;
        Term++;
        var former = _leadershipChanged;
        _leadershipChanged = new TaskCompletionSource();
        former.SetResult();
    });

    public bool Run(TimeSpan duration, Func<bool>? done = null) => _pump.Run(duration, done);

    /// <summary>Does something at this point of the virtual time, as if from within.</summary>
    public void Call(Action act) => _pump.Run(TimeSpan.Zero, Once(act));

    public void Write(StoreTransaction transaction)
    {
        var result = Store.CommitAsync(transaction, CancellationToken.None).Result;
        if (!result.IsCommitted)
        {
            throw new InvalidOperationException($"the workload's own write failed: {result}");
        }

        OnCommit();
    }

    public void Track(string what, Task task) => _tracked.Add((what, task));

    public void OnCommit() => Checks.OnCommit();

    private void Examine()
    {
        Checks.Throw();
        foreach (var (what, task) in _tracked)
        {
            if (task.IsFaulted)
            {
                throw new InvalidOperationException($"{what} died", task.Exception);
            }
        }
    }

    private static Func<bool> Once(Action act)
    {
        var done = false;
        return () =>
        {
            if (!done)
            {
                done = true;
                act();
            }

            return true;
        };
    }
}
