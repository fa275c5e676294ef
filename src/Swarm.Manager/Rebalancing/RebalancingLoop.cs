using Swarm.Manager.Loops;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Rebalancing;

/// <summary>
/// Levels the services that ask for it (<see cref="RebalanceLabel"/>) when nodes have come, gone or returned, once these have been quiet for a while; so
/// many moves at a time as the label says, and the next ones when those are done. What moves a task is the update that follows, as for a rebalance that
/// a user asks for: a task that fails on its new node pauses it, and nothing moves until the user has looked.
/// </summary>
internal sealed class RebalancingLoop : ControlLoop
{
    /// <summary>Since nodes last changed: a node that comes back after a failure often brings others, or goes again.</summary>
    internal static readonly TimeSpan Quiet = TimeSpan.FromSeconds(30);

    private readonly HashSet<string> _awaited = new(StringComparer.Ordinal);

    internal override string Name => "rebalancer";

    protected override void Begin(StoreView view)
    {
        _awaited.Clear();
        AwaitAll(view);
    }

    internal override void Observe(StoreCommit commit)
    {
        foreach (var change in commit.Changes)
        {
            switch (change.Object)
            {
                case Node node when NodeHealth.MattersToTasks(change.Old as Node, change.New as Node):
                    AwaitAll(commit.View);
                    break;
                case Service when change.New is Service service && BudgetOf(service) is not null:
                    Await(service.Id, Quiet);
                    break;
            }
        }
    }

    protected override void Decide(string key, StoreView view, ChangeBatch batch, DateTimeOffset now)
    {
        _awaited.Remove(key);
        if (view.Services.Find(key) is not { } service || BudgetOf(service) is not { } budget || !MayMove(service))
        {
            return;
        }

        var left = view.Nodes.Select(node => node.Meta.UpdatedAt).Append(service.Meta.UpdatedAt).Max() + Quiet - now;
        if (left > TimeSpan.Zero)
        {
            // More than that is a clock that was set back.
            Await(key, left < Quiet ? left : Quiet);
            return;
        }

        foreach (var move in RebalancePlan.Of(view, service, budget, now).TakeWhile(_ => batch.HasRoom(1)))
        {
            batch.Update(move.Task with { IsLeaving = true });
        }
    }

    private static bool MayMove(Service service) =>
        service.UpdateStatus?.State is not (UpdateState.Updating or UpdateState.RollbackStarted or UpdateState.Paused or UpdateState.RollbackPaused);

    private static int? BudgetOf(Service service) =>
        service is { Spec.Mode: ServiceMode.Replicated, PendingDelete: false }
        && RebalanceLabel.TryParse(service.Spec.Annotations.Labels.GetValueOrDefault(RebalanceLabel.Name), out var budget) ? budget : null;

    private void AwaitAll(StoreView view)
    {
        foreach (var service in view.Services.Where(service => BudgetOf(service) is not null))
        {
            Await(service.Id, Quiet);
        }
    }

    private void Await(string service, TimeSpan wait)
    {
        if (_awaited.Add(service))
        {
            MarkIn(service, wait);
        }
    }
}
