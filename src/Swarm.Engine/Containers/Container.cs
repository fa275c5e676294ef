using Swarm.Engine.Health;
using Swarm.Engine.Shim;

namespace Swarm.Engine.Containers;

/// <summary>
/// One container of this node. <see cref="Record"/>, <see cref="State"/> and <see cref="Network"/> are immutable and swapped whole, only from its
/// mailbox; anyone may read them.
/// </summary>
public sealed class Container
{
    private volatile ContainerRecord _record;
    private volatile ContainerState _state;
    private volatile NetworkSandbox? _network;
    private volatile HealthState? _health;
    private volatile bool _isBeingRestarted;
    private volatile TaskCompletionSource<ContainerState> _nextExit = NewExit();

    internal Container(ContainerRecord record, ContainerState state) =>
        (_record, _state, _health, Mailbox) = (record, state, state.Health, new Mailbox(record.Id));

    public string Id => _record.Id;

    public ContainerRecord Record
    {
        get => _record;
        internal set => _record = value;
    }

    public ContainerState State
    {
        get => _state;
        internal set => _state = value;
    }

    /// <summary>While it runs.</summary>
    public NetworkSandbox? Network
    {
        get => _network;
        internal set => _network = value;
    }

    /// <summary>Null: nobody checks its health.</summary>
    public HealthState? Health
    {
        get => _health;
        internal set => _health = value;
    }

    /// <summary>Completes when the checks of a run find it unhealthy for the first time.</summary>
    public Task Sick => SickSource.Task;

    internal TaskCompletionSource SickSource { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the checks find it healthy for the first time.</summary>
    public Task Well => WellSource.Task;

    internal TaskCompletionSource WellSource { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends the checks of the current run.</summary>
    internal CancellationTokenSource? HealthChecks { get; set; }

    /// <summary>Completes when the current run, or the next one, has ended.</summary>
    public Task<ContainerState> NextExit => _nextExit.Task;

    /// <summary>Completes when it is removed, with its last state.</summary>
    public Task<ContainerState> Removed => RemovedSource.Task;

    internal TaskCompletionSource<ContainerState> RemovedSource { get; } = NewExit();

    internal Mailbox Mailbox { get; }

    /// <summary>Its state is not on the disk, which is full. Of the mailbox.</summary>
    internal bool IsUnsaved { get; set; }

    /// <summary>Clients that attached before the start.</summary>
    internal PendingAttachments Pending { get; } = new();

    /// <summary>The shim of the current run, and that of the last one until it has cleaned up.</summary>
    internal ContainerRun? Run { get; set; }

    /// <summary>How long the last restart was waited for; zero: it was not restarted since the user, or the daemon, started it.</summary>
    internal TimeSpan LastRestartDelay { get; set; }

    /// <summary>Cancels the wait before a restart.</summary>
    internal CancellationTokenSource? RestartDelay { get; set; }

    internal bool Removing { get; set; }

    /// <summary>A user restarts it: the end of this run is not that of a container that is removed when it ends.</summary>
    internal bool IsBeingRestarted
    {
        get => _isBeingRestarted;
        set => _isBeingRestarted = value;
    }

    /// <summary>How many look into its files now, for whom its root stays mounted.</summary>
    internal int RootHolds { get; set; }

    internal void CompleteExit()
    {
        var ended = _nextExit;
        _nextExit = NewExit();
        ended.SetResult(_state);
    }

    private static TaskCompletionSource<ContainerState> NewExit() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>One run of a container, from the daemon's side.</summary>
/// <param name="Control">Hears of the run's end.</param>
/// <param name="ShimPid">0 if the shim was started by an earlier daemon, and so is not our child.</param>
internal sealed record ContainerRun(ShimConnection Control, int ShimPid)
{
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The shim has removed the runtime's state and ended: the id can be started again.</summary>
    public Task Gone => _gone.Task;

    public void CompleteGone() => _gone.TrySetResult();
}
