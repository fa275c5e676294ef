using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Files;
using Swarm.Engine.Logs;

namespace Swarm.Engine.Containers;

public enum WaitCondition { NotRunning, NextExit, Removed }

public sealed partial class ContainerEngine
{
    /// <param name="size">Also says how much room its files take.</param>
    public ContainerInspect Inspect(Container container, IReadOnlyList<string>? execs, bool size = false)
    {
        var inspected = ContainerViews.Inspect(container, _store.Folder(container.Id), _store.LogFile(container.Id, LogOptions.JsonFile), execs, _options)
            with { GraphDriver = new GraphDriver("overlay2", _rootfs.Describe(container.Id)) };
        return size && Sizes(container) is var (own, all) ? inspected with { SizeRw = own, SizeRootFs = all } : inspected;
    }

    /// <summary>Fully qualified names of the devices that containers can ask for by CDI, and what is wrong with CDI files.</summary>
    public (IReadOnlyList<string> Devices, IReadOnlyList<string> Warnings) CdiDevices() => new Devices.CdiCatalog(_options.CdiFolders).List();

    /// <summary>Bytes of the container's own changes, and with its image.</summary>
    public (long Own, long All) Sizes(Container container)
    {
        var own = TreeSize.Of(_rootfs.Folders(container.Id).Upper);
        return (own, own + (_images.Find(container.Record.ImageId)?.Size ?? 0));
    }

    /// <summary>Whether an image is another one, or was built upon it here.</summary>
    public bool IsBuiltUpon(string imageId, string ancestorId)
    {
        const int deepest = 1024;
        for (var depth = 0; depth < deepest && imageId.Length > 0; depth++)
        {
            if (imageId == ancestorId)
            {
                return true;
            }

            imageId = _images.Find(imageId)?.Parent ?? "";
        }

        return false;
    }

    /// <summary>Null: this node has no such image.</summary>
    public Images.Image? FindImage(string idOrReference) => _images.Find(idOrReference);

    /// <summary>Where a container's changes are.</summary>
    public Layers.RootfsFolders Folders(Container container) => _rootfs.Folders(container.Id);

    public LogReader Logs(Container container) => new(_store.LogFile(container.Id, LogOptions.Merge(container.Record.HostConfig.LogConfig, _options.Defaults).Type!), _starter.Bundle(container.Id));

    /// <summary>Newest first.</summary>
    /// <param name="limit">At most so many.</param>
    public IReadOnlyList<ContainerSummary> Summaries(Func<Container, bool> wanted, int limit, bool size)
    {
        var now = _time.GetUtcNow();
        return [.. Containers.Where(wanted).OrderByDescending(c => c.Record.Created).Take(limit).Select(c =>
            size && Sizes(c) is var (own, all) ? ContainerViews.Summary(c, now) with { SizeRw = own, SizeRootFs = all } : ContainerViews.Summary(c, now))];
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

    /// <summary>Removes those that do not run and are wanted. Answers their ids, and the bytes that became free.</summary>
    public async Task<(IReadOnlyList<string> Removed, long Freed)> PruneAsync(Func<Container, bool> wanted, CancellationToken cancellation)
    {
        List<string> removed = [];
        long freed = 0;
        foreach (var container in Containers.Where(c => c.State.Status is ContainerStatus.Created or ContainerStatus.Exited or ContainerStatus.Dead).Where(wanted))
        {
            var own = Sizes(container).Own;
            try
            {
                await RemoveAsync(container, force: false, removeVolumes: false, cancellation).ConfigureAwait(false);
            }
            catch (EngineException e) when (e.Status == 409)
            {
                continue; // it was started meanwhile
            }

            freed += own;
            removed.Add(container.Id);
        }

        Events.Publish("container", "prune", "", new Dictionary<string, string> { ["reclaimed"] = freed.ToString(System.Globalization.CultureInfo.InvariantCulture) });
        return (removed, freed);
    }
}
