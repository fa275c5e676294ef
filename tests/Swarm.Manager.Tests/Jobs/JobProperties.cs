using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Swarm.Manager.Allocation;
using Swarm.Manager.Orchestration;
using Swarm.Manager.Reaping;
using Swarm.Manager.Scheduling;
using Swarm.Model;

namespace Swarm.Manager.Tests.Jobs;

/// <summary>What holds of every job, whatever fails, whichever node goes and whoever leads meanwhile. A failure prints its seed.</summary>
public sealed class JobProperties
{
    private const int MaxSteps = 600;

    /// <summary>What happens at a step besides an agent's report.</summary>
    private enum Event { Nothing, LeaderChange, TaskFails, NodeLost, NodeReturns, AskedAgain }

    private static readonly Gen<Event[]> Story = Gen.Frequency((10, Gen.Const(Event.Nothing)), (1, Gen.Enum<Event>())).Array[0, 120];

    [Fact]
    public void A_replicated_job_completes_exactly_as_often_as_asked_and_never_runs_more_at_once() =>
        Gen.Select(Gen.Int[1, 9], Gen.Int[1, 4], Gen.Int[1, 3], Story).Sample((total, atOnce, nodes, story) =>
        {
            var world = new World(nodes, new ServiceSpec { Mode = ServiceMode.ReplicatedJob, TotalCompletions = (ulong)total, Replicas = (ulong)atOnce });
            world.Play(story, () =>
            {
                var slots = world.Present.Where(task => task.DesiredState <= TaskState.Running && !task.Status.State.IsTerminal()).Select(task => task.Slot).ToList();
                Assert.True(slots.Count <= atOnce, $"{slots.Count} tasks at once, more than {atOnce}\n{world.Log}");
                Assert.True(slots.Distinct().Count() == slots.Count, $"a slot has two tasks\n{world.Log}");
                Assert.True(world.Present.Select(task => task.Slot).All(slot => slot >= 1 && slot <= (ulong)total), world.Log);
            });
            Assert.Equal(Enumerable.Range(1, total).Select(slot => (ulong)slot), world.Complete.Select(task => task.Slot).Distinct().Order());
            Assert.True(world.Complete.Count() <= total + world.Uncertain, $"{world.Complete.Count()} completions of {total}\n{world.Log}");
        }, iter: 150);

    [Fact]
    public void A_global_job_completes_once_on_every_node() =>
        Gen.Select(Gen.Int[1, 6], Story).Sample((nodes, story) =>
        {
            var world = new World(nodes, new ServiceSpec { Mode = ServiceMode.GlobalJob });
            world.Play(story, () => Assert.All(
                world.Present.Where(task => task.DesiredState <= TaskState.Running && !task.Status.State.IsTerminal()).GroupBy(task => task.NodeId),
                node => Assert.True(node.Count() == 1, world.Log)));
            Assert.Equal(world.Nodes.Order(), world.Complete.Select(task => task.NodeId).Distinct().Order());
            Assert.True(world.Complete.Count() <= nodes + world.Uncertain, world.Log);
        }, iter: 150);

    private sealed class World
    {
        private readonly LoopDriver _cluster = new(
            new FakeTimeProvider(), new OrchestrationLoop(new Random(1)), new AllocationLoop(new Random(2)), new SchedulingLoop(), new ReapingLoop());

        private readonly List<string> _log = [];

        internal World(int nodes, ServiceSpec spec)
        {
            Nodes = [.. Enumerable.Range(0, nodes).Select(i => $"node{i}")];
            foreach (var node in Nodes)
            {
                _cluster.Node(node);
            }

            spec = spec with { Task = new TaskSpec { Restart = new RestartPolicy { Condition = RestartCondition.OnFailure, Delay = TimeSpan.FromSeconds(1) } } };
            _cluster.Write(transaction => transaction.Create(new Service { Id = "job", Spec = spec, Job = new JobStatus() }));
        }

        internal IReadOnlyList<string> Nodes { get; }

        internal string Log => string.Join('\n', _log);

        /// <summary>Tasks that were lost with their node while they ran: they may have completed once more than is known.</summary>
        internal int Uncertain { get; private set; }

        /// <summary>Tasks of what was asked for last.</summary>
        internal IEnumerable<SwarmTask> Present => _cluster.View.Tasks.Where(task => task.JobIteration == Service.Job!.Iteration && task.DesiredState != TaskState.Remove);

        internal IEnumerable<SwarmTask> Complete => Present.Where(task => task.Status.State == TaskState.Complete);

        private Service Service => _cluster.View.Services.Find("job")!;

        /// <summary>The story, then all nodes back, until nothing is left to do.</summary>
        internal void Play(Event[] story, Action check)
        {
            for (var step = 0; step < MaxSteps; step++)
            {
                _cluster.Settle();
                check();
                if (step < story.Length)
                {
                    Happen(story[step], step);
                }
                else if (step == story.Length)
                {
                    foreach (var node in Nodes)
                    {
                        Become(node, NodeState.Ready);
                    }
                }
                else if (Next() is null && Present.All(task => task.Status.State.IsTerminal()))
                {
                    return;
                }

                Report(step);
                _cluster.Time.Advance(TimeSpan.FromMilliseconds(500));
            }

            Assert.Fail($"the job has not ended\n{Log}");
        }

        private void Happen(Event what, int step)
        {
            switch (what)
            {
                case Event.LeaderChange:
                    _cluster.ChangeLeader();
                    break;
                case Event.TaskFails when OnReadyNodes().FirstOrDefault(task => task.Status.State == TaskState.Running) is { } running:
                    _cluster.Report(running, TaskState.Failed);
                    break;
                case Event.NodeLost:
                    var lost = Nodes[step % Nodes.Count];
                    Uncertain += _cluster.View.TasksOnNode(lost).Count(task => !task.Status.State.IsTerminal());
                    Become(lost, NodeState.Down);
                    break;
                case Event.NodeReturns:
                    Become(Nodes[step % Nodes.Count], NodeState.Ready);
                    break;
                case Event.AskedAgain:
                    var service = Service;
                    _cluster.Write(transaction => transaction.Update(service with
                    {
                        Spec = service.Spec with { Task = service.Spec.Task with { ForceUpdate = service.Spec.Task.ForceUpdate + 1 } },
                        SpecVersion = service.Meta.Version,
                        Job = service.Job! with { Iteration = service.Job.Iteration + 1 },
                    }));
                    break;
                default:
                    return;
            }

            _log.Add($"{step}: {what}");
            _cluster.Settle();
        }

        private void Become(string node, NodeState state)
        {
            if (_cluster.View.Nodes.Find(node)!.Status.State != state)
            {
                _cluster.Node(node, one => one with { Status = one.Status with { State = state } });
            }
        }

        private void Report(int step)
        {
            if (Next() is var (task, state))
            {
                _log.Add($"{step}: {task.Slot} on {task.NodeId} {task.Id[..4]} of {task.JobIteration} {state}");
                _cluster.Report(task, state);
            }
        }

        private IEnumerable<SwarmTask> OnReadyNodes() => _cluster.View.Tasks.Where(task =>
            task.Status.State >= TaskState.Assigned && !task.Status.State.IsTerminal() && _cluster.View.Nodes.Find(task.NodeId)!.Status.State == NodeState.Ready);

        /// <summary>The next agent's report: a task runs, then it is complete, or it ends because it should.</summary>
        private (SwarmTask Task, TaskState State)? Next()
        {
            foreach (var task in OnReadyNodes())
            {
                var next = task.DesiredState switch
                {
                    TaskState.Ready => TaskState.Ready,
                    TaskState.Running => task.Status.State == TaskState.Running ? TaskState.Complete : TaskState.Running,
                    _ => TaskState.Shutdown,
                };
                if (next > task.Status.State)
                {
                    return (task, next);
                }
            }

            return null;
        }
    }
}
