using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Swarm.Model;
using Swarm.Rpc.Dispatch;

namespace Swarm.Agent.Tests;

/// <summary>A node with an agent whose journal is a real one; its daemon can be stopped and started again.</summary>
internal sealed class AgentNode : IAsyncDisposable
{
    /// <summary>What a test waits for comes at once, unless it never comes.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(1);

    /// <summary>By which the agent's clock goes on with each look.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("agent-").FullName;
    private readonly FakeTimeProvider _time = new();
    private CancellationTokenSource? _daemon;
    private FileJournal? _journal;
    private Task _running = Task.CompletedTask;

    public ScriptedManager Manager { get; } = new();

    public ScriptedContainers Containers { get; } = new();

    public NodeAgent Agent { get; private set; } = null!;

    public List<AgentNews> News { get; } = [];

    /// <summary>Of containers that are no tasks.</summary>
    public ImmutableArray<ContainerPlace> Places { get; set; } = [];

    public static SwarmTask Assigned(string id, TaskState desired = TaskState.Running, ContainerSpec? container = null) => new()
    {
        Id = id,
        ServiceId = "service",
        NodeId = "n1",
        DesiredState = desired,
        Spec = new TaskSpec { Container = container ?? new ContainerSpec { Image = "busybox" } },
        Status = new Model.TaskStatus { State = TaskState.Assigned },
    };

    public AgentNode Start()
    {
        _daemon = new CancellationTokenSource();
        _journal = new FileJournal(_folder);
        Agent = new NodeAgent("n1", Manager, Containers, new NoNetworks(this), _journal, () => "n1:2377", _time, new Random(1), NullLoggerFactory.Instance);
        Agent.News += News.Add;
        _running = Agent.RunAsync(_daemon.Token);
        return this;
    }

    public async Task StopDaemonAsync()
    {
        _daemon?.Cancel();
        await _running;
        _daemon?.Dispose();
        _daemon = null;
        _journal?.Dispose();
        _journal = null;
    }

    /// <summary>What the node's disk holds of tasks, read while no daemon runs.</summary>
    public IReadOnlyList<SwarmTask> Journalled()
    {
        using var journal = new FileJournal(_folder);
        return journal.Load();
    }

    /// <summary>Repeats while the agent's clock goes on.</summary>
    public async Task UntilAsync(string what, Func<bool> holds)
    {
        var watch = Stopwatch.StartNew();
        while (!holds())
        {
            if (watch.Elapsed > Limit)
            {
                throw new TimeoutException(
                    $"never: {what}\nheard: {string.Join("; ", Manager.Heard.Select(one => $"{one.TaskId} {one.Status.State} {one.Status.Message} {one.Status.Error}"))}\n"
                    + $"calls: {string.Join("; ", Containers.Calls)}\nsessions: {Manager.Sessions}");
            }

            _time.Advance(Tick);
            await Task.Delay(LookAgain);
        }
    }

    public Task ReachesAsync(string task, TaskState state) => UntilAsync($"{task} is {state}", () => Manager.LastOf(task)?.State == state);

    public async ValueTask DisposeAsync()
    {
        await StopDaemonAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private sealed class NoNetworks(AgentNode node) : INodeNetworks
    {
        public ImmutableDictionary<string, NetworkTable> Tables => ImmutableDictionary<string, NetworkTable>.Empty;

        public ImmutableDictionary<string, string> Unsupported => ImmutableDictionary<string, string>.Empty;

        public ImmutableArray<ContainerPlace> Places => node.Places;

        public Task ApplyAsync(string nodeId, ImmutableDictionary<string, NetworkTable> tables, CancellationToken cancellation) => Task.CompletedTask;

        public Task<ImmutableArray<string>> FaultsAsync(string networkId, CancellationToken cancellation) => Task.FromResult(ImmutableArray<string>.Empty);
    }
}
