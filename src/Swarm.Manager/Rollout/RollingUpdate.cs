using Swarm.Manager.Loops;
using Swarm.Manager.Dependencies;
using Swarm.Manager.Orchestration;
using Swarm.Model;

namespace Swarm.Manager.Rollout;

/// <summary>
/// Moves a service's slots from an earlier spec to today's, some at a time. All that it knows stands in the store: which tasks are stale, which
/// new ones run, and the service's update status; so a new leader goes on where the last one stopped.
/// </summary>
internal static class RollingUpdate
{
    private static readonly UpdateConfig Default = new() { Parallelism = 1 };

    internal static void Apply(ServicePass pass)
    {
        var state = pass.Service.UpdateStatus?.State ?? UpdateState.Unknown;
        if (state is UpdateState.Paused or UpdateState.RollbackPaused)
        {
            return;
        }

        var rollingBack = state == UpdateState.RollbackStarted;
        var config = (rollingBack ? pass.Service.Spec.Rollback : pass.Service.Spec.Update) ?? Default;
        var progress = UpdateProgress.Of(pass, config);

        // What runs goes on while its successor would have to wait; a way back waits for nothing.
        var waits = progress.Stale.Count > 0 && !rollingBack ? DependencyGate.Reason(pass.View, pass.Service) : null;
        if (state is not (UpdateState.Updating or UpdateState.RollbackStarted))
        {
            if (progress.Stale.Count == 0)
            {
                return;
            }

            var levels = progress.Stale.All(slot => !slot.Live.Any(pass.HasDrifted));
            var begun = new UpdateStatus
            {
                State = UpdateState.Updating,
                StartedAt = pass.Now,
                IsRebalance = levels,
                Message = levels ? "rebalance in progress" : MessageOf(waits),
            };
            if (!pass.Batch.Update(pass.Service with { UpdateStatus = begun }))
            {
                return;
            }
        }
        else if (UpdateFailure.Judge(pass, config, progress) is { } judged)
        {
            pass.Batch.Update(judged);
            return;
        }
        else if (pass.Service.UpdateStatus is { IsRebalance: false } status && !rollingBack && status.Message != MessageOf(waits))
        {
            pass.Batch.Update(pass.Service with { UpdateStatus = status with { Message = MessageOf(waits) } });

            // It may also complete now: at the next look, since a transaction writes an object once.
            return;
        }

        if (waits is not null)
        {
            return;
        }

        if (progress.Stale.Count > 0)
        {
            Advance(pass, config, progress);
        }
        else if (state != UpdateState.Unknown && progress.Unfinished == 0)
        {
            Complete(pass, config, progress, rollingBack);
        }
    }

    private static string MessageOf(string? waits) => waits is null ? "update in progress" : $"update is {waits}";

    private static void Advance(ServicePass pass, UpdateConfig config, UpdateProgress progress)
    {
        var room = config.Parallelism == 0 ? long.MaxValue : (long)config.Parallelism - progress.InFlight;
        foreach (var slot in progress.Stale.OrderBy(slot => slot.HasRunning).ThenBy(slot => slot.Key))
        {
            if (room-- <= 0 || pass.Batch.Overflowed)
            {
                return;
            }

            var old = slot.Live[^1];
            if ((config.Order == UpdateOrder.StartFirst || !pass.HasDrifted(old)) && old.Status.State == TaskState.Running)
            {
                pass.Start(slot.Key, TaskState.Running);
            }
            else
            {
                pass.Replace(old, slot.Key, TaskState.Ready);
            }
        }
    }

    private static void Complete(ServicePass pass, UpdateConfig config, UpdateProgress progress, bool rollingBack)
    {
        // A task may still turn out bad for the monitor's time after the last one started.
        if (!pass.HasPassed(progress.LastStarted, config.Monitor))
        {
            return;
        }

        pass.Batch.Update(pass.Service with
        {
            UpdateStatus = pass.Service.UpdateStatus! with
            {
                State = rollingBack ? UpdateState.RollbackCompleted : UpdateState.Completed,
                CompletedAt = pass.Now,
                Message = rollingBack ? "rollback completed" : pass.Service.UpdateStatus.IsRebalance ? "rebalance completed" : "update completed",
            },
        });
    }
}
