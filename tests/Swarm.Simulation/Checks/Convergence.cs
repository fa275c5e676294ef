using Swarm.Model;
using Swarm.Simulation.World;
using Swarm.Store;

namespace Swarm.Simulation.Checks;

/// <summary>Laws 5 and 11: once faults stop, what runs is what is wanted, and nothing else is left anywhere. Answers what is not so yet.</summary>
public static class Convergence
{
    public static List<string> Missing(SimulatedCluster world)
    {
        var view = world.Store.View;
        var missing = new List<string>();
        foreach (var node in view.Nodes.Where(node => node.Status.State != NodeState.Ready))
        {
            missing.Add($"{node.Id} is {node.Status.State}");
        }

        foreach (var job in view.Services.Where(service => service.Job is not null))
        {
            missing.AddRange(MissingOfJob(view, job));
        }

        foreach (var service in view.Services.Where(service => service.Job is null))
        {
            var tasks = view.TasksOfService(service.Id).Where(task => task.DesiredState <= TaskState.Running).ToList();
            var running = tasks.Count(task => task.Status.State == TaskState.Running);
            var wanted = service.Spec.Mode == ServiceMode.Global
                ? view.Nodes.Count(node => node.Spec.Availability == NodeAvailability.Active)
                : (int)service.Spec.Replicas;
            var paused = view.Nodes.Count(node => node.Spec.Availability == NodeAvailability.Pause);
            var isRight = service.Spec.Mode == ServiceMode.Global ? running >= wanted && running <= wanted + paused : running == wanted;
            var cannotRun = service.Spec.Task.Container.Image.Contains("missing", StringComparison.Ordinal)
                || service.UpdateStatus?.State is UpdateState.Paused or UpdateState.RollbackPaused
                || tasks.Any(task => WaitsForRoom(view, task) || NetworkLaws.WaitsForAddress(view, task))
                || WaitsForAnother(view, service);
            if ((!isRight && !cannotRun) || tasks.Count < Math.Min(1, wanted))
            {
                missing.Add($"{service.Spec.Annotations.Name}: {running} of {wanted} run ({string.Join(", ", tasks.Select(Describe))})");
            }

            if (!cannotRun && tasks.Any(task => !Codec.Same(task.Spec, service.Spec.Task)))
            {
                missing.Add($"{service.Spec.Annotations.Name} is not updated: {service.UpdateStatus}");
            }

            if (!cannotRun && tasks.FirstOrDefault(task => task.IsLeaving) is { } leaving)
            {
                missing.Add($"should have left: {Describe(leaving)}");
            }

            if (!cannotRun && service.Spec.Annotations.Labels.ContainsKey(RebalanceLabel.Name) && service.Spec.Mode == ServiceMode.Replicated && Unevenness(view, tasks) is > 1 and var most)
            {
                missing.Add($"{service.Spec.Annotations.Name} is not level: a node has {most} tasks more than another");
            }

            if (service.UpdateStatus?.State == UpdateState.Updating && !cannotRun)
            {
                missing.Add($"{service.Spec.Annotations.Name} is still updating");
            }
        }

        missing.AddRange(NetworkLaws.Missing(world));
        foreach (var place in view.Tasks.Where(task => task.Spec.Attached is not null))
        {
            if (!world.Machines.Single(machine => machine.Id == place.NodeId).Networks.Places.Any(one => one.TaskId == place.Id))
            {
                missing.Add($"the place of {place.Spec.Attached!.ContainerId} is left over");
            }
        }

        foreach (var task in view.Tasks.Where(task => task.Spec.Attached is null))
        {
            if (view.Services.Find(task.ServiceId) is null || task.DesiredState == TaskState.Remove)
            {
                missing.Add($"left over: {Describe(task)}");
            }
            else if (task.DesiredState == TaskState.Shutdown && !task.Status.State.IsTerminal())
            {
                missing.Add($"not stopped: {Describe(task)}");
            }
        }

        foreach (var machine in world.Machines)
        {
            var believed = view.TasksOnNode(machine.Id).Where(task => task.Spec.Attached is null && task.Status.State == TaskState.Running).Select(task => task.Id).ToHashSet();
            if (!believed.SetEquals(machine.Executor.Running))
            {
                missing.Add($"{machine.Id} runs [{string.Join(' ', machine.Executor.Running)}], believed [{string.Join(' ', believed)}]");
            }

            var needed = view.TasksOnNode(machine.Id).Where(task => !task.Status.State.IsTerminal() && task.DesiredState <= TaskState.Running)
                .SelectMany(task => task.Spec.Container.Secrets).Select(one => one.Id).ToHashSet();
            missing.AddRange(world.Checks.Held(machine.Id).Where(id => !needed.Contains(id)).Select(id => $"{machine.Id} still has secret {id}"));

            var known = view.TasksOnNode(machine.Id).Where(task => task.Spec.Attached is null).Select(task => task.Id).ToHashSet();
            missing.AddRange(machine.Executor.All.Where(id => !known.Contains(id)).Select(id => $"{machine.Id} still holds {id}"));
            missing.AddRange(machine.Journal.Load().Where(task => !known.Contains(task.Id)).Select(task => $"{machine.Id} still remembers {task.Id}"));
        }

        foreach (var slot in view.Tasks.Where(task => task.Slot > 0).GroupBy(task => (task.ServiceId, task.Slot)))
        {
            var running = slot.Count(task => task.Status.State == TaskState.Running && task.DesiredState == TaskState.Running);
            var ended = slot.Count(task => task.Status.State.IsTerminal());
            if (running > 1 || ended > (view.Cluster!.Spec.TaskHistoryRetentionLimit + 1))
            {
                missing.Add($"slot {slot.Key} has {running} running and {ended} ended tasks");
            }
        }

        return missing;
    }

    /// <summary>It says that no node where it may go has room for it, and none has.</summary>
    private static bool WaitsForRoom(StoreView view, SwarmTask task) =>
        task.Status.State == TaskState.Pending && task.Status.Error.Contains("insufficient resources", StringComparison.Ordinal)
        && view.Nodes.Where(node => task.NodeId.Length == 0 || node.Id == task.NodeId).All(node => Reservations.FreeMemory(view, node) < (task.Spec.Reservations?.MemoryBytes ?? 0));

    private static int Unevenness(StoreView view, List<SwarmTask> tasks)
    {
        var counts = view.Nodes.Select(node => tasks.Count(task => task.NodeId == node.Id)).ToList();
        return counts.Max() - counts.Min();
    }

    /// <summary>What it depends on is gone, or has no task of its present spec that could ever run: only a user can help.</summary>
    private static bool WaitsForAnother(StoreView view, Service service) =>
        DependencyLabel.Parse(service.Spec.Annotations.Labels.GetValueOrDefault(DependencyLabel.Name)).Any(dependency => view.Services.FindByName(dependency.Service) is { } other
            ? !view.TasksOfService(other.Id).Any(task => task.Status.State == TaskState.Running && Codec.Same(task.Spec, other.Spec.Task))
            : !dependency.IsOptional);

    /// <summary>Law 9: one completion a slot, as many as asked for, and nothing more that would run.</summary>
    private static IEnumerable<string> MissingOfJob(StoreView view, Service job)
    {
        var tasks = view.TasksOfService(job.Id).Where(task => task.JobIteration == job.Job!.Iteration).ToList();
        var complete = tasks.Where(task => task.Status.State == TaskState.Complete).Select(task => (task.Slot, job.Spec.Mode == ServiceMode.GlobalJob ? task.NodeId : "")).ToHashSet();
        var wanted = job.Spec.Mode == ServiceMode.GlobalJob ? view.Nodes.Count : (int)job.Spec.TotalCompletions;
        if (complete.Count != wanted)
        {
            yield return $"job {job.Spec.Annotations.Name}: {complete.Count} of {wanted} are complete ({string.Join(", ", tasks.Select(Describe))})";
        }

        foreach (var task in tasks.Where(task => !task.Status.State.IsTerminal()))
        {
            yield return $"a job's task goes on: {Describe(task)}";
        }
    }

    private static string Describe(SwarmTask task) =>
        $"{task.Name} on {(task.NodeId.Length == 0 ? "no node" : task.NodeId)} {task.Status.State} wants {task.DesiredState} {task.Status.Message} {task.Status.Error}".TrimEnd();
}
