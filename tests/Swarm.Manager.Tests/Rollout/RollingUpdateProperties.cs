using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Swarm.Manager.Allocation;
using Swarm.Manager.Orchestration;
using Swarm.Manager.Reaping;
using Swarm.Manager.Scheduling;
using Swarm.Model;

namespace Swarm.Manager.Tests.Rollout;

/// <summary>What holds of every rolling update, whatever its configuration and whoever leads meanwhile. A failure prints its seed.</summary>
public sealed class RollingUpdateProperties
{
    private const int MaxSteps = 400;

    private static readonly Gen<UpdateConfig> Config = Gen.Select(
        Gen.Int[0, 4], Gen.Enum<UpdateOrder>(), Gen.Enum<FailureAction>(), Gen.Int[0, 3], Gen.Int[0, 2],
        (parallelism, order, action, delay, monitor) => new UpdateConfig
        {
            Parallelism = (ulong)parallelism,
            Order = order,
            FailureAction = action,
            Delay = TimeSpan.FromSeconds(delay),
            Monitor = TimeSpan.FromSeconds(monitor),
        });

    /// <summary>Steps at which another manager takes over.</summary>
    private static readonly Gen<int[]> Changes = Gen.Int[1, 60].Array[0, 6];

    [Fact]
    public void A_healthy_update_never_falls_below_its_floor_and_ends_with_every_task_new() =>
        Gen.Select(Gen.Int[1, 9], Gen.Int[1, 3], Config, Changes).Sample((replicas, nodes, config, changes) =>
        {
            var world = new World(nodes, replicas, config);
            world.Update(1);
            var floor = config.Order == UpdateOrder.StartFirst ? replicas : config.Parallelism == 0 ? 0 : Math.Max(0, replicas - (int)config.Parallelism);
            world.Play(changes, _ => false, () =>
            {
                var running = world.Running.Count();
                Assert.True(running >= floor, $"{running} run, fewer than {floor}");
                var most = config.Order == UpdateOrder.StartFirst && config.Parallelism > 0 ? replicas + (int)config.Parallelism : 2 * replicas;
                Assert.True(world.Live.Count() <= most, $"{world.Live.Count()} tasks live, more than {most}");
            });
            Assert.Equal(UpdateState.Completed, world.Service.UpdateStatus!.State);
            Assert.Equal(replicas, world.Running.Count());
            Assert.All(world.Running, task => Assert.Equal(1UL, task.Spec.ForceUpdate));
        }, iter: 150);

    [Fact]
    public void An_update_whose_every_task_fails_is_paused_or_rolled_back_to_the_exact_spec_before() =>
        Gen.Select(Gen.Int[2, 9], Gen.Int[1, 3], Config, Changes).Where((_, _, config, _) => config.FailureAction != FailureAction.Continue).Sample((replicas, nodes, config, changes) =>
        {
            var world = new World(nodes, replicas, config);
            var before = world.Service.Spec;
            world.Update(1);
            world.Play(changes, task => task.Spec.ForceUpdate == 1, () => { });
            if (config.FailureAction == FailureAction.Pause)
            {
                Assert.True(world.Service.UpdateStatus!.State == UpdateState.Paused, $"{world.Service.UpdateStatus}\n{world.Log}");
                return;
            }

            Assert.True(world.Service.UpdateStatus!.State == UpdateState.RollbackCompleted, $"{world.Service.UpdateStatus}\n{world.Log}");
            Assert.True(Codec.Same(before, world.Service.Spec));
            Assert.Equal(replicas, world.Running.Count());
            Assert.All(world.Running, task => Assert.Equal(0UL, task.Spec.ForceUpdate));
        }, iter: 100);

    private sealed class World
    {
        private readonly LoopDriver _cluster = new(
            new FakeTimeProvider(), new OrchestrationLoop(new Random(1)), new AllocationLoop(new Random(2)), new SchedulingLoop(), new ReapingLoop());

        private readonly List<string> _log = [];

        internal World(int nodes, int replicas, UpdateConfig config)
        {
            for (var i = 0; i < nodes; i++)
            {
                _cluster.Node($"node{i}");
            }

            var spec = new ServiceSpec { Replicas = (ulong)replicas, Update = config, Rollback = config with { FailureAction = FailureAction.Pause } };
            _cluster.Write(transaction => transaction.Create(new Service { Id = "service", Spec = spec }));
            _cluster.Settle();
            _cluster.AgentsCatchUp();
            _cluster.Settle();
        }

        internal string Log => string.Join('\n', _log);

        internal Service Service => _cluster.View.Services.Find("service")!;

        internal IEnumerable<SwarmTask> Live => _cluster.View.Tasks.Where(task => task.DesiredState <= TaskState.Running);

        internal IEnumerable<SwarmTask> Running => Live.Where(task => task.Status.State == TaskState.Running);

        internal void Update(ulong force)
        {
            var service = Service;
            _cluster.Write(transaction => transaction.Update(service with
            {
                Spec = service.Spec with { Task = service.Spec.Task with { ForceUpdate = force } },
                PreviousSpec = service.Spec,
                SpecVersion = service.Meta.Version,
                UpdateStatus = null,
            }));
        }

        /// <summary>Until the update has ended: one agent's report at a time, and half a second between any two.</summary>
        internal void Play(int[] leaderChanges, Func<SwarmTask, bool> fails, Action check)
        {
            for (var step = 1; step <= MaxSteps; step++)
            {
                if (leaderChanges.Contains(step))
                {
                    _cluster.ChangeLeader();
                }

                _cluster.Settle();
                check();
                if (Service.UpdateStatus?.State is UpdateState.Completed or UpdateState.Paused or UpdateState.RollbackCompleted or UpdateState.RollbackPaused)
                {
                    return;
                }

                if (Next(fails) is var (task, state))
                {
                    _log.Add($"{step}: slot {task.Slot} {task.Id[..4]} of spec {task.Spec.ForceUpdate} {state}; {Service.UpdateStatus?.State}");
                    _cluster.Report(task, state);
                }

                _cluster.Time.Advance(TimeSpan.FromMilliseconds(500));
            }

            Assert.Fail($"the update has not ended: {Service.UpdateStatus}\n{Log}");
        }

        private (SwarmTask Task, TaskState State)? Next(Func<SwarmTask, bool> fails)
        {
            // What fails does so half a second after it began to run, whatever else goes on.
            if (Running.FirstOrDefault(fails) is { } failing)
            {
                return (failing, TaskState.Failed);
            }

            foreach (var task in _cluster.View.Tasks.Where(task => task.NodeId.Length > 0 && !task.Status.State.IsTerminal()))
            {
                var wanted = task.DesiredState switch
                {
                    TaskState.Running => TaskState.Running,
                    TaskState.Ready => TaskState.Ready,
                    _ => TaskState.Shutdown,
                };
                if (wanted > task.Status.State)
                {
                    return (task, wanted);
                }
            }

            return null;
        }
    }
}
