using Swarm.Manager.Dependencies;
using Swarm.Manager.Jobs;
using Swarm.Manager.Loops;
using Swarm.Manager.Rollout;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Orchestration;

/// <summary>Makes and ends the tasks of services, so that what should run is what the services ask for. Writes new tasks, desired states and update statuses.</summary>
internal sealed class OrchestrationLoop(Random random) : ControlLoop
{
    private readonly TaskFactory _factory = new(random);
    private readonly Dependents _dependents = new();

    internal override string Name => "orchestrator";

    protected override void Begin(StoreView view)
    {
        foreach (var service in view.Services)
        {
            Mark(service.Id);
        }

        foreach (var task in view.Tasks)
        {
            Mark(task.ServiceId);
        }

        _dependents.Begin(view);
    }

    internal override void Observe(StoreCommit commit)
    {
        foreach (var change in commit.Changes)
        {
            switch (change.Object)
            {
                case Service service:
                    Mark(service.Id);
                    break;
                case SwarmTask task when MattersToSlot(change.Old as SwarmTask, change.New as SwarmTask):
                    Mark(task.ServiceId);
                    break;
                case Node node when NodeHealth.MattersToTasks(change.Old as Node, change.New as Node):
                    MarkServicesOf(commit.View, node);
                    break;
            }

            foreach (var waiting in _dependents.Of(change))
            {
                Mark(waiting);
            }
        }
    }

    protected override void Decide(string key, StoreView view, ChangeBatch batch, DateTimeOffset now)
    {
        var service = view.Services.Find(key);
        if (service is null or { PendingDelete: true })
        {
            ServiceRemoval.Apply(view, key, service, batch);
            return;
        }

        var pass = new ServicePass(view, service, batch, _factory, now, wait => MarkIn(key, wait));
        switch (service.Spec.Mode)
        {
            case ServiceMode.Replicated:
                ReplicatedSlots.Apply(pass);
                break;
            case ServiceMode.Global:
                GlobalSlots.Apply(pass);
                break;
            case ServiceMode.ReplicatedJob:
                ReplicatedJob.Apply(pass);
                break;
            case ServiceMode.GlobalJob:
                GlobalJob.Apply(pass);
                break;
            default:
                // Of a newer version: left alone.
                return;
        }

        foreach (var slot in pass.Kept)
        {
            SlotRules.Apply(pass, slot);
        }

        if (!service.Spec.Mode.IsJob())
        {
            RollingUpdate.Apply(pass);
        }
    }

    private void MarkServicesOf(StoreView view, Node node)
    {
        foreach (var task in view.TasksOnNode(node.Id))
        {
            Mark(task.ServiceId);
        }

        foreach (var service in view.Services)
        {
            if (service.Spec.Mode.IsPerNode())
            {
                Mark(service.Id);
            }
        }
    }

    private static bool MattersToSlot(SwarmTask? old, SwarmTask? now) =>
        old is null || now is null || old.Status.State != now.Status.State || old.DesiredState != now.DesiredState || old.IsLeaving != now.IsLeaving;
}
