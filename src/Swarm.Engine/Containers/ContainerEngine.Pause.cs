namespace Swarm.Engine.Containers;

public sealed partial class ContainerEngine
{
    public Task PauseAsync(Container container, CancellationToken cancellation) => container.Mailbox.RunAsync(async () =>
    {
        if (container.State.Status != ContainerStatus.Running)
        {
            throw EngineException.Conflict(container.State.Status == ContainerStatus.Paused
                ? $"container {container.Record.Name} is already paused"
                : $"container {container.Id} is not running");
        }

        cancellation.ThrowIfCancellationRequested();
        await _runtime.PauseAsync(container.Record).ConfigureAwait(false);
        EndHealthChecks(container);
        SaveState(container, container.State with { Status = ContainerStatus.Paused });
        Publish(container, "pause");
    });

    /// <summary>Freezes a running container until the answer is disposed, without calling it paused. One that cannot be frozen, since it ends just then, goes on.</summary>
    public async Task<IAsyncDisposable> FreezeAsync(Container container, bool wanted, CancellationToken cancellation)
    {
        var frozen = wanted && await container.Mailbox.RunAsync(async () =>
        {
            if (container.State.Status != ContainerStatus.Running)
            {
                return false;
            }

            try
            {
                cancellation.ThrowIfCancellationRequested();
                await _runtime.PauseAsync(container.Record).ConfigureAwait(false);
                return true;
            }
            catch (EngineException error)
            {
                NotFrozen(container.Id, error.Message);
                return false;
            }
        }).ConfigureAwait(false);
        return new Thaw(frozen ? () => container.Mailbox.RunAsync(() => container.State.Status == ContainerStatus.Running
            ? _runtime.ResumeAsync(container.Record)
            : Task.CompletedTask) : static () => Task.CompletedTask);
    }

    public Task UnpauseAsync(Container container, CancellationToken cancellation) => container.Mailbox.RunAsync(async () =>
    {
        if (container.State.Status != ContainerStatus.Paused)
        {
            throw EngineException.Conflict($"Container {container.Id} is not paused");
        }

        cancellation.ThrowIfCancellationRequested();
        await ResumeAsync(container).ConfigureAwait(false);
    });

    private async Task ResumeAsync(Container container)
    {
        await _runtime.ResumeAsync(container.Record).ConfigureAwait(false);
        SaveState(container, container.State with { Status = ContainerStatus.Running });
        BeginHealthChecks(container, afresh: false);
        Publish(container, "unpause");
    }
}

internal sealed class Thaw(Func<Task> thaw) : IAsyncDisposable
{
    public async ValueTask DisposeAsync() => await thaw().ConfigureAwait(false);
}
