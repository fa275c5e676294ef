using Swarm.Manager.Loops;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Orchestration;

/// <summary>One look at one service: what is there, and the changes that this look decides on.</summary>
/// <param name="wakeIn">Asks for another look after that time.</param>
internal sealed class ServicePass(
    StoreView view, Service service, ChangeBatch batch, TaskFactory factory, DateTimeOffset now, Action<TimeSpan> wakeIn)
{
    /// <summary>How far the clocks of two leaders in a row may differ without being taken for set back.</summary>
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(2);

    private readonly HashSet<string> _touched = new(StringComparer.Ordinal);
    private readonly SpecDrift _drift = new(service);

    internal StoreView View { get; } = view;

    internal Service Service { get; } = service;

    internal DateTimeOffset Now { get; } = now;

    internal ChangeBatch Batch { get; } = batch;

    /// <summary>Every slot that has tasks which are not being removed.</summary>
    internal SortedDictionary<SlotKey, Slot> Slots { get; } = Slot.Of(view, service);

    /// <summary>The slots that exist and should go on.</summary>
    internal List<Slot> Kept { get; } = [];

    /// <summary>It was made from a spec that differs from today's.</summary>
    internal bool HasDrifted(SwarmTask task) => _drift.IsStale(task);

    /// <summary>Another task should take its slot over, as in an update.</summary>
    internal bool IsStale(SwarmTask task) => task.IsLeaving || HasDrifted(task);

    /// <summary>Whether this look already decided on the task: a transaction writes an object once.</summary>
    internal bool IsTouched(SwarmTask task) => _touched.Contains(task.Id);

    /// <summary>
    /// Whether <paramref name="wait"/> has passed since <paramref name="since"/>, a time of the store; if not, asks for another look then.
    /// A since in the future is a clock that was set back: nobody waits for it.
    /// </summary>
    internal bool HasPassed(DateTimeOffset since, TimeSpan wait)
    {
        var left = since + wait - Now;
        if (left <= TimeSpan.Zero || since > Now + ClockTolerance)
        {
            return true;
        }

        wakeIn(left);
        return false;
    }

    internal void Start(SlotKey slot, TaskState desired) => Batch.Create(factory.New(Service, slot, desired, Now));

    internal void Desire(SwarmTask task, TaskState desired)
    {
        if (task.DesiredState != desired && _touched.Add(task.Id))
        {
            Batch.Update(task with { DesiredState = desired });
        }
    }

    /// <summary>Ends <paramref name="old"/> and puts a new task into its slot, in one transaction.</summary>
    internal void Replace(SwarmTask old, SlotKey slot, TaskState desired)
    {
        if (_touched.Add(old.Id))
        {
            Batch.Replace(old with { DesiredState = TaskState.Shutdown }, factory.New(Service, slot, desired, Now));
        }
    }

    internal void Remove(Slot slot)
    {
        foreach (var task in slot.Tasks)
        {
            Desire(task, TaskState.Remove);
        }
    }

    internal bool IsStopped(SwarmTask task) => NodeHealth.IsStopped(View, task);
}
