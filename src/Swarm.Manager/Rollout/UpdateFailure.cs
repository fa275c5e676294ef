using Swarm.Manager.Orchestration;
using Swarm.Model;

namespace Swarm.Manager.Rollout;

/// <summary>What follows when too many of an update's new tasks end by themselves.</summary>
internal static class UpdateFailure
{
    /// <summary>The service as it should be written, or null to go on.</summary>
    internal static Service? Judge(ServicePass pass, UpdateConfig config, UpdateProgress progress)
    {
        if (config.FailureAction == FailureAction.Continue || progress.Failed.Count == 0
            || progress.Failed.Count <= config.MaxFailureRatio * pass.Kept.Count)
        {
            return null;
        }

        var service = pass.Service;
        var rollingBack = service.UpdateStatus?.State == UpdateState.RollbackStarted;
        var culprit = progress.Failed[^1].Id;
        // A rebalance changed no spec: there is nothing to go back to.
        if (config.FailureAction == FailureAction.Rollback && !rollingBack && service is { UpdateStatus.IsRebalance: false, PreviousSpec: { } previous })
        {
            return service with
            {
                Spec = previous,
                PreviousSpec = null,
                SpecVersion = service.Meta.Version,
                UpdateStatus = new UpdateStatus
                {
                    State = UpdateState.RollbackStarted,
                    StartedAt = pass.Now,
                    Message = $"update rolled back due to failure or early termination of task {culprit}",
                },
            };
        }

        return service with
        {
            UpdateStatus = service.UpdateStatus! with
            {
                State = rollingBack ? UpdateState.RollbackPaused : UpdateState.Paused,
                Message = $"{(rollingBack ? "rollback" : "update")} paused due to failure or early termination of task {culprit}",
            },
        };
    }
}
