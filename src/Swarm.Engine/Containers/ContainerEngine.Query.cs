using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Logs;
using Swarm.Engine.Volumes;

namespace Swarm.Engine.Containers;

public enum WaitCondition { NotRunning, NextExit, Removed }

public sealed partial class ContainerEngine
{
    public ContainerInspect Inspect(Container container, IReadOnlyList<string>? execs) =>
        ContainerViews.Inspect(container, _store.Folder(container.Id), _store.LogFile(container.Id), execs);

    public LogReader Logs(Container container) => new(_store.LogFile(container.Id), _starter.Bundle(container.Id));

    /// <summary>Newest first.</summary>
    public IReadOnlyList<ContainerSummary> Summaries(Func<Container, bool> wanted)
    {
        var now = _time.GetUtcNow();
        return [.. Containers.Where(wanted).OrderByDescending(c => c.Record.Created).Select(c => ContainerViews.Summary(c, now))];
    }

    /// <summary>Completes with the state in which the condition holds.</summary>
    public static Task<ContainerState> WaitAsync(Container container, WaitCondition condition)
    {
        // The order matters: an exit between the two reads completes the task that was read first.
        var nextExit = container.NextExit;
        return condition switch
        {
            WaitCondition.NextExit => nextExit,
            WaitCondition.Removed => container.Removed,
            _ => container.State.IsRunning || container.State.Status == ContainerStatus.Restarting ? nextExit : Task.FromResult(container.State),
        };
    }

    /// <summary>Names of processes and their columns, as `ps -ef` prints them on the host.</summary>
    /// <exception cref="EngineException">409: it does not run.</exception>
    public ContainerTop Top(Container container)
    {
        if (!container.State.IsRunning)
        {
            throw EngineException.Conflict($"container {container.Id} is not running");
        }

        var file = Cgroups.ProcessesFile(Specs.CgroupPath(container.Record));
        var processes = File.Exists(file) ? File.ReadAllLines(file).Select(ProcessTable.Row).OfType<IReadOnlyList<string>>().ToList() : [];
        return new ContainerTop(ProcessTable.Titles, processes);
    }

    /// <summary>Removes those that do not run and are wanted. Answers their ids.</summary>
    public async Task<IReadOnlyList<string>> PruneAsync(Func<Container, bool> wanted, CancellationToken cancellation)
    {
        List<string> removed = [];
        foreach (var container in Containers.Where(c => c.State.Status is ContainerStatus.Created or ContainerStatus.Exited or ContainerStatus.Dead).Where(wanted))
        {
            await RemoveAsync(container, force: false, removeVolumes: false, cancellation).ConfigureAwait(false);
            removed.Add(container.Id);
        }

        return removed;
    }

    /// <summary>The containers that use a volume, running or not.</summary>
    public IEnumerable<Container> UsersOf(string volume) => Containers.Where(c => c.Record.Mounts.Any(m => m.Kind == MountKind.Volume && m.Name == volume));

    /// <exception cref="EngineException">404; 409: in use.</exception>
    public void RemoveVolume(string name, bool force)
    {
        if (Volumes.Find(name) is null)
        {
            if (!force)
            {
                throw EngineException.NotFound($"get {name}: no such volume");
            }

            return;
        }

        var users = UsersOf(name).Select(c => c.Id).ToList();
        if (users.Count > 0)
        {
            throw EngineException.Conflict($"remove {name}: volume is in use - [{string.Join(", ", users)}]");
        }

        Volumes.Remove(name);
    }

    public VolumeView InspectVolume(string name) =>
        Volumes.View(Volumes.Find(name) ?? throw EngineException.NotFound($"get {name}: no such volume"));
}
