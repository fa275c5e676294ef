using Swarm.Api.Client;
using Swarm.Api.Wire;
using WireTask = Swarm.Api.Wire.TaskInspect;

namespace Swarm.Commands.Services;

/// <summary>Waits until services are as their specs say, printing what changes. Ctrl-C stops the waiting, not the service.</summary>
internal sealed class Convergence(Cli cli, EngineClient client)
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(100);

    /// <summary>Error texts said per service; a service that cannot start would repeat itself for ever.</summary>
    private const int MaxErrors = 20;

    public async Task<int> WaitAsync(IEnumerable<string> services, bool quiet, CancellationToken cancellation)
    {
        foreach (var id in services)
        {
            if (await WaitAsync(id, quiet, cancellation) is not 0 and var status)
            {
                return status;
            }
        }

        return 0;
    }

    private async Task<int> WaitAsync(string id, bool quiet, CancellationToken cancellation)
    {
        var said = "";
        var errors = new HashSet<string>();
        while (true)
        {
            var service = await client.ServiceAsync(id, cancellation);
            var tasks = await client.TasksAsync(cancellation, new KeyValuePair<string, string>("service", id));
            var (done, wanted, word) = Progress(service, tasks, service.ServiceStatus);
            var line = $"overall progress: {done} out of {wanted} tasks{word}";
            if (!quiet && line != said)
            {
                await cli.Out.WriteLineAsync(line);
                said = line;
            }

            foreach (var error in tasks.Select(t => t.Status?.Err).Where(e => !string.IsNullOrEmpty(e)).OfType<string>())
            {
                if (!quiet && errors.Count < MaxErrors && errors.Add(error))
                {
                    await cli.Out.WriteLineAsync($"  {error}");
                }
            }

            if (service.UpdateStatus is { State: "paused" or "rollback_paused" } paused)
            {
                await cli.Error.WriteLineAsync($"service {paused.State.Replace('_', ' ')}: {paused.Message}");
                return 1;
            }

            if (done >= wanted && service.UpdateStatus?.State is not ("updating" or "rollback_started"))
            {
                if (!quiet)
                {
                    await cli.Out.WriteLineAsync($"verify: Service {id} converged");
                }

                return 0;
            }

            // The API has no event for a task's state.
            await System.Threading.Tasks.Task.Delay(AskAgain, cli.Time, cancellation);
        }
    }

    /// <summary>A replicated service wants its replicas, a job its completions, a global one a task per node that may have one.</summary>
    private static (ulong Done, ulong Wanted, string Word) Progress(Service service, IReadOnlyList<WireTask> tasks, ServiceStatus? status)
    {
        var running = (ulong)tasks.Count(t => t is { DesiredState: "running", Status.State: "running" } && IsCurrent(service, t));
        var complete = (ulong)tasks.Count(t => t.Status?.State == "complete");
        return service.Spec?.Mode switch
        {
            { ReplicatedJob: { } job } => (complete, job.TotalCompletions ?? 1, " complete"),
            { GlobalJob: not null } => (complete, status?.DesiredTasks ?? (ulong)tasks.Count, " complete"),
            { Global: not null } => (running, (ulong)tasks.Count(t => t.DesiredState == "running"), ""),
            { Replicated: { } replicated } => (running, replicated.Replicas ?? 1, ""),
            _ => (running, 1, ""),
        };
    }

    /// <summary>While an update rolls, tasks of the old image or command do not count.</summary>
    private static bool IsCurrent(Service service, WireTask task) =>
        task.Spec?.ContainerSpec?.Image == service.Spec?.TaskTemplate?.ContainerSpec?.Image
        && task.Spec?.ForceUpdate.GetValueOrDefault() == service.Spec?.TaskTemplate?.ForceUpdate.GetValueOrDefault();
}
