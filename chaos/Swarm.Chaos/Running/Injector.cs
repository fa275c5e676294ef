using System.Collections.Concurrent;
using Swarm.Chaos.Faults;
using Swarm.Chaos.Histories;
using Swarm.Chaos.Timeline;
using Swarm.Lab;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Chaos.Running;

/// <summary>Carries the timeline out by the clock: each fault begins at its moment, whatever the others do.</summary>
internal sealed class Injector(ClusterAccess cluster, HistoryRecorder history, Action<string> say)
{
    private readonly Claims _claims = new();
    private readonly ConcurrentQueue<FaultEvent> _events = new();

    public IReadOnlyList<FaultEvent> Events => [.. _events.OrderBy(e => e.Number)];

    /// <summary>Answers when every fault is undone. Cancelled, it undoes nothing: the lab is about to go.</summary>
    public async Task RunAsync(IReadOnlyList<PlannedFault> plan, TimeSpan duration, CancellationToken cancellation)
    {
        var start = history.Now;
        var running = new List<Task>();
        foreach (var planned in plan)
        {
            await UntilAsync(start + planned.At, cancellation);
            running.Add(OneAsync(planned, start + planned.End, cancellation));
        }

        await UntilAsync(start + duration, cancellation);
        await Task.WhenAll(running);
    }

    private async Task OneAsync(PlannedFault planned, TimeSpan end, CancellationToken cancellation)
    {
        var fault = FaultCatalog.Find(planned.Spec.Kind)!;
        var context = new FaultContext(cluster, _claims, planned.Spec, new Dice((ulong)planned.Seed));
        var begun = history.Now;
        var injection = Injection.Skip("not begun");
        string? error = null;
        try
        {
            injection = await fault.InjectAsync(context, cancellation);
            say($"{history.Now.TotalSeconds,7:0.00} s  {(injection.Skipped ? "skipped " : "")}{fault.Kind}: {injection.What}");
            if (injection.Undo is { } undo)
            {
                await UntilAsync(end, cancellation);
                await undo(cancellation);
                say($"{history.Now.TotalSeconds,7:0.00} s  over: {injection.What}");
            }
        }
        catch (Exception e) when (e is LabException or IOException or TimeoutException || ClusterAccess.IsNoAnswer(e))
        {
            cancellation.ThrowIfCancellationRequested();
            error = e.Message;
            injection = injection.Skipped ? new Injection("failed", null) : injection;
            say($"{history.Now.TotalSeconds,7:0.00} s  {fault.Kind} failed: {e.Message}");
        }
        finally
        {
            context.ReleaseAll();
            _events.Enqueue(new FaultEvent(planned.Number, fault.Kind, injection.What, begun, history.Now, injection.Skipped, error, injection.OutOfTouch));
        }
    }

    private async Task UntilAsync(TimeSpan moment, CancellationToken cancellation)
    {
        if (moment - history.Now is { Ticks: > 0 } wait)
        {
            await Task.Delay(wait, cluster.Time, cancellation);
        }
    }
}
