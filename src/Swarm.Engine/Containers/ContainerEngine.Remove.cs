namespace Swarm.Engine.Containers;

public sealed partial class ContainerEngine
{
    /// <summary>Removes a container; with <paramref name="force"/> a running one is killed first.</summary>
    /// <exception cref="EngineException">409: it runs.</exception>
    public async Task RemoveAsync(Container container, bool force, bool removeVolumes, CancellationToken cancellation)
    {
        if (force)
        {
            var exit = await SignalToEndAsync(container, Signals.Kill, cancellation).ConfigureAwait(false);
            if (exit is not null)
            {
                await EndWithinAsync(container, exit, KillTimeout, cancellation).ConfigureAwait(false);
            }
        }

        await container.Mailbox.RunAsync(async () =>
        {
            if (container.Removing)
            {
                return;
            }

            if (container.State.IsRunning || (container.State.Status == ContainerStatus.Restarting && !force))
            {
                var status = container.State.Status.ToString().ToLowerInvariant();
                throw EngineException.Conflict(container.State.Status == ContainerStatus.Paused
                    ? $"cannot remove container \"/{container.Record.Name}\": container is paused and must be unpaused first"
                    : $"cannot remove container \"/{container.Record.Name}\": container is {status}: stop the container before removing or force remove");
            }

            container.RestartDelay?.Cancel();
            await RemoveNowAsync(container, removeVolumes).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    /// <summary>From within the mailbox, for a container that does not run.</summary>
    private async Task RemoveNowAsync(Container container, bool removeVolumes)
    {
        foreach (var waiting in container.Pending.TakeAll())
        {
            waiting.Complete(null);
        }

        container.Removing = true;
        try
        {
            _store.BeginRemoval(container.Id, removeVolumes && container.Record.Mounts.Any(m => m.Anonymous));
        }
        catch
        {
            container.Removing = false; // it is still there, and may be removed another time
            throw;
        }

        var shimGone = container.Run?.Gone ?? Task.CompletedTask;
        await DestroyAsync(container.Record, removeVolumes, CancellationToken.None, shimGone).ConfigureAwait(false);
        _index.Remove(container);
        Publish(container, "destroy");
        container.RemovedSource.TrySetResult(container.State);
        container.Mailbox.Close();
    }

    /// <summary>Takes away everything that a container had. Safe to repeat, and after a crash at any of its lines.</summary>
    private async Task DestroyAsync(ContainerRecord record, bool removeVolumes, CancellationToken cancellation, Task? shimGone = null)
    {
        await _starter.CleanUpAsync(record.Id, keepRoot: false, cancellation).ConfigureAwait(false);
        await (shimGone ?? DeleteFromRuntimeAsync(record.Id)).ConfigureAwait(false);
        _rootfs.Remove(record.Id);
        var bundle = _starter.Bundle(record.Id);
        if (Directory.Exists(bundle))
        {
            Directory.Delete(bundle, recursive: true);
        }

        if (removeVolumes)
        {
            // --volumes-from: a volume that another container has too stays.
            foreach (var mount in record.Mounts.Where(m => m is { Kind: MountKind.Volume, Anonymous: true } && UsersOf(m.Name).All(c => c.Id == record.Id)))
            {
                Volumes.Remove(mount.Name);
            }
        }

        _store.Forget(record.Id);
    }
}
