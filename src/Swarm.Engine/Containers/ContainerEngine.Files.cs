using Swarm.Engine.Archives;
using Swarm.Engine.Files;
using Swarm.Engine.Runtime;

namespace Swarm.Engine.Containers;

public sealed partial class ContainerEngine
{
    private const int NotFound = 404;

    /// <summary>The container's files, volumes included. Dispose them when done.</summary>
    /// <param name="named">As the client named the container, for refusals.</param>
    /// <exception cref="EngineException">409: it is being removed.</exception>
    public Task<ContainerFiles> OpenFilesAsync(Container container, string named) => ReadingAsync(container, named, async () =>
    {
        var root = await HoldRootAsync(container).ConfigureAwait(false);
        var user = "files-" + Guid.NewGuid().ToString("N");
        try
        {
            var record = container.Record;
            VolumeMounts.Acquire(user, record.Mounts.Where(m => m.Kind == MountKind.Volume).Select(m => m.Name));
            (uint, uint)? owner = null;
            if (!string.IsNullOrEmpty(record.Config.User))
            {
                var account = ContainerUser.Resolve(root.Path, record.Config.User, groups: null);
                owner = (account.Uid, account.Gid);
            }

            var view = await Task.Run(() => ContainerView.Open(root.Path, record.HostConfig.ReadonlyRootfs, record.Mounts)).ConfigureAwait(false);
            return new ContainerFiles(view, named, owner, _options.Ids, () =>
            {
                root.Dispose();
                VolumeMounts.Release(user);
            });
        }
        catch
        {
            root.Dispose();
            VolumeMounts.Release(user);
            throw;
        }
    });

    /// <summary>Reads what a container has on disk, while it may be removed.</summary>
    /// <param name="named">As the client named the container.</param>
    /// <exception cref="EngineException">404: it is being removed.</exception>
    public static Task ReadingAsync(Container container, string named, Func<Task> read) => ReadingAsync(container, named, async () =>
    {
        await read().ConfigureAwait(false);
        return true;
    });

    /// <inheritdoc cref="ReadingAsync(Container, string, Func{Task})"/>
    public static async Task<T> ReadingAsync<T>(Container container, string named, Func<Task<T>> read)
    {
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (IOException e) when (container.Removing)
        {
            throw new EngineException(NotFound, $"No such container: {named}", e);
        }
    }

    /// <summary>Writes the container's root, without volumes, as a tar archive. Blocking.</summary>
    public void Export(Container container, RootHold root, Stream output)
    {
        Publish(container, "export");
        TreeArchiver.Write(root.Path, output, ids: _options.Ids);
    }

    /// <summary>What `docker diff` lists.</summary>
    /// <exception cref="EngineException">404: it is being removed.</exception>
    public Task<IReadOnlyList<FileSystemChange>> ChangesAsync(Container container, string named) =>
        ReadingAsync(container, named, () => Task.Run(() => FileSystemChanges.Of(_rootfs.Folders(container.Id))));

    /// <summary>Keeps the container's root mounted until the answer is disposed, whether the container starts and stops meanwhile or not.</summary>
    public Task<RootHold> HoldRootAsync(Container container) => container.Mailbox.RunAsync(() =>
    {
        if (container.Removing)
        {
            throw EngineException.Conflict($"container {container.Id} is marked for removal");
        }

        var path = _rootfs.Mount(container.Id);
        container.RootHolds++;
        return Task.FromResult(new RootHold(path, () => _ = ReleaseRootAsync(container)));
    });

    private async Task ReleaseRootAsync(Container container)
    {
        try
        {
            await container.Mailbox.RunAsync(() =>
            {
                if (--container.RootHolds == 0 && !container.State.IsRunning && !container.Removing)
                {
                    _rootfs.Unmount(container.Id);
                }

                return Task.CompletedTask;
            }).ConfigureAwait(false);
        }
        catch (EngineException e) when (e.Status == NotFound)
        {
            // The container was removed meanwhile, and its root with it.
        }
        catch (IOException e)
        {
            RootNotReleased(e, container.Id);
        }
    }
}

/// <param name="Path">The mounted root.</param>
public sealed record RootHold(string Path, Action Release) : IDisposable
{
    private int _released;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0)
        {
            Release();
        }
    }
}
