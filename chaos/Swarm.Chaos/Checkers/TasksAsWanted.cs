namespace Swarm.Chaos.Checkers;

/// <summary>In the end as many tasks run as each service wants, each slot once, each in one container, and nothing of a removed service.</summary>
public sealed class TasksAsWanted : IChecker
{
    public const string Property = "what runs is what is wanted";

    public Finding Check(Evidence evidence)
    {
        if (evidence.Services is not { } state)
        {
            return Finding.Unknown(Property, "the tasks could not be asked for");
        }

        var wrong = state.Wanted.SelectMany(service => Tasks(service, state)).Concat(Containers(state)).ToList();
        return wrong.Count > 0 ? Finding.Violated(Property, "the tasks are not those that the services want", wrong)
            : state.Wanted.Count == 0 ? Finding.Unknown(Property, "there is no service")
            : Finding.Held(Property, $"{state.RunningTasks.Count} tasks of {state.Wanted.Count} services, {state.Containers.Count} containers");
    }

    private static IEnumerable<string> Tasks(WantedService service, ServicesState state)
    {
        var tasks = state.RunningTasks.Where(t => t.ServiceId == service.Id).ToList();
        if (tasks.Count != (int)service.Replicas)
        {
            yield return $"{service.Name} wants {service.Replicas} replicas, and {tasks.Count} tasks run";
        }

        foreach (var slot in tasks.GroupBy(t => t.Slot).Where(g => g.Count() > 1))
        {
            yield return $"slot {slot.Key} of {service.Name} runs {slot.Count()} times: {string.Join(", ", slot.Select(t => t.Id))}";
        }
    }

    private static IEnumerable<string> Containers(ServicesState state)
    {
        var names = state.Wanted.ToDictionary(w => w.Id, w => w.Name);
        var tasks = state.RunningTasks.Where(t => names.ContainsKey(t.ServiceId)).ToDictionary(t => t.Id);
        foreach (var orphan in state.RunningTasks.Where(t => !names.ContainsKey(t.ServiceId)))
        {
            yield return $"task {orphan.Id} runs for the service {orphan.ServiceId}, which is not there";
        }

        foreach (var container in state.Containers.Where(c => !tasks.ContainsKey(c.TaskId)))
        {
            yield return state.Removed.Contains(container.Service)
                ? $"{container.Node} still runs a container of {container.Service}, which was removed (task {container.TaskId})"
                : $"{container.Node} runs a container of {container.Service} for no running task ({container.TaskId})";
        }

        var running = state.Containers.CountBy(c => c.TaskId).ToDictionary();
        foreach (var task in tasks.Values.Where(t => running.GetValueOrDefault(t.Id) != 1))
        {
            yield return $"task {task.Id} of {names[task.ServiceId]} is said to run, and has {running.GetValueOrDefault(task.Id)} containers";
        }
    }
}
