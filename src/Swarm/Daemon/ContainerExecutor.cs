using System.Collections.Immutable;
using Swarm.Agent;
using Swarm.Engine;
using Swarm.Engine.Containers;
using Swarm.Engine.Images;
using Swarm.Model;
using Swarm.Model.Templates;
using ContainerStatus = Swarm.Model.ContainerStatus;

namespace Swarm.Daemon;

/// <summary>Runs the cluster's tasks as containers of this node's engine. A task's container is found by its label, whatever daemon made it.</summary>
/// <param name="description">What this node says of itself.</param>
/// <param name="files">The tasks' secrets and configs.</param>
internal sealed class ContainerExecutor(ContainerEngine engine, IImageStore images, TaskFiles files, NodeDescription description) : ITaskExecutor
{
    public Task<NodeDescription> DescribeAsync(CancellationToken cancellation) => Task.FromResult(description);

    public async Task PrepareAsync(SwarmTask task, TaskSecrets secrets, Action<string> progress, CancellationToken cancellation)
    {
        try
        {
            var template = new TaskTemplate(task, description);
            var privateFiles = files.Write(task, secrets, template);
            if (Find(task.Id) is not null)
            {
                return;
            }

            var request = TaskContainer.Of(task, template);

            // An image that is here is taken as it is: no registry is asked, however slow it is today.
            if (images.Find(task.Spec.Container.Image) is null)
            {
                progress("pulling");
                await images.PullAsync(task.Spec.Container.Image, task.Spec.Container.RegistryAuth is { Length: > 0 } auth ? auth : null, progress: null, cancellation).ConfigureAwait(false);
            }

            progress("creating");
            await engine.CreateAsync(task.Name, request, cancellation, privateFiles: privateFiles).ConfigureAwait(false);
        }
        catch (Exception e) when (e is EngineException or TemplateException)
        {
            throw new TaskRejectedException(e.Message);
        }
    }

    public async Task<ContainerStatus> StartAsync(SwarmTask task, CancellationToken cancellation)
    {
        var container = Find(task.Id) ?? throw new TaskFailedException($"the container of task {task.Id} is gone: it was removed after it was prepared");
        try
        {
            await engine.StartAsync(container, cancellation).ConfigureAwait(false);
            return StatusOf(container);
        }
        catch (EngineException e)
        {
            throw new TaskFailedException(e.Message, StatusOf(container));
        }
    }

    public ImmutableArray<PortConfig> PortsOf(SwarmTask task) =>
        Find(task.Id)?.Network is { } sandbox ? TaskContainer.Published(task.Status.HostPorts, sandbox.Ports) : task.Status.HostPorts;

    public async Task BecomeHealthyAsync(SwarmTask task, CancellationToken cancellation)
    {
        if (Find(task.Id) is not { Health: not null } container)
        {
            return;
        }

        var ended = ContainerEngine.WaitAsync(container, WaitCondition.NotRunning);
        var first = await Task.WhenAny(container.Well, container.Sick, ended).WaitAsync(cancellation).ConfigureAwait(false);
        if (first == container.Sick)
        {
            throw new TaskFailedException("task: unhealthy container", StatusOf(container));
        }

        if (first == ended && ExitOf(container) is { Succeeded: false } exit)
        {
            throw new TaskFailedException(exit.Error, exit.Container);
        }
    }

    public async Task<TaskExit> WaitAsync(SwarmTask task, CancellationToken cancellation)
    {
        var container = Find(task.Id);
        if (container is null)
        {
            return new TaskExit(new ContainerStatus(), "the container is gone");
        }

        var ended = ContainerEngine.WaitAsync(container, WaitCondition.NotRunning);
        if (await Task.WhenAny(ended, container.Sick).WaitAsync(cancellation).ConfigureAwait(false) != ended)
        {
            // As Docker: a task whose container is unhealthy has failed, and its container is stopped.
            await engine.StopAsync(container, seconds: null, signal: "", cancellation).ConfigureAwait(false);
            files.Remove(task.Id);
            return ExitOf(container) with { Error = "task: unhealthy container" };
        }

        files.Remove(task.Id);
        return ExitOf(container);
    }

    public async Task<ContainerStatus?> StopAsync(SwarmTask task, CancellationToken cancellation)
    {
        var container = Find(task.Id);
        if (container is not null)
        {
            await engine.StopAsync(container, seconds: null, signal: "", cancellation).ConfigureAwait(false);
        }

        files.Remove(task.Id);
        return container is null ? null : StatusOf(container);
    }

    public async Task RemoveAsync(string taskId, CancellationToken cancellation)
    {
        if (Find(taskId) is { } container)
        {
            await engine.RemoveAsync(container, force: true, removeVolumes: true, cancellation).ConfigureAwait(false);
        }

        files.Remove(taskId);
    }

    public Task<IReadOnlyList<FoundTask>> ListAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<FoundTask>>(
    [
        .. from container in engine.Containers
           let id = TaskContainer.TaskIdOf(container.Record)
           where id is not null
           let running = container.State.IsRunning
           let ended = !running && container.State.FinishedAt is not null
           select new FoundTask(id, running, StatusOf(container), ended ? ExitOf(container) : null),
    ]);

    private Container? Find(string taskId) => engine.Containers.FirstOrDefault(c => TaskContainer.TaskIdOf(c.Record) == taskId);

    private static ContainerStatus StatusOf(Container container) =>
        new() { ContainerId = container.Id, Pid = container.State.Pid, ExitCode = container.State.ExitCode };

    private static TaskExit ExitOf(Container container)
    {
        var state = container.State;
        var error = state.Error.Length > 0 ? state.Error
            : state.OomKilled ? $"task: out of memory, killed by the kernel ({state.ExitCode})"
            : state.ExitCode != 0 ? $"task: non-zero exit ({state.ExitCode})"
            : "";
        return new TaskExit(StatusOf(container), error, state.EndUnseen);
    }
}
