using Swarm.Linux;

namespace Swarm.Engine.Containers;

public sealed partial class ContainerEngine
{
    private static readonly TimeSpan SaveAgain = TimeSpan.FromSeconds(5);

    /// <summary>
    /// From within the mailbox. What has happened to a container is so, whether or not the disk has room to say it: a state that does not fit is written
    /// as soon as it does.
    /// </summary>
    private void SaveState(Container container, ContainerState state)
    {
        if (!TrySave(container, state) && !container.IsUnsaved)
        {
            container.IsUnsaved = true;
            _ = SaveLaterAsync(container);
        }

        container.State = state;
    }

    private bool TrySave(Container container, ContainerState state)
    {
        try
        {
            _store.Save(container.Id, state);
            return true;
        }
        catch (IOException e) when (LinuxError.IsNoSpace(e))
        {
            StateNotSaved(e, container.Id);
            return false;
        }
    }

    private async Task SaveLaterAsync(Container container)
    {
        try
        {
            while (container.IsUnsaved)
            {
                await Task.Delay(SaveAgain, _time, _ended.Token).ConfigureAwait(false);
                await container.Mailbox.RunAsync(() =>
                {
                    SaveAgainNow(container);
                    return Task.CompletedTask;
                }).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon ends; the next one asks the shims, and reads what they wrote.
        }
        catch (EngineException)
        {
            // The container is gone.
        }
    }

    /// <summary>There is no call that whatever refuses it now could fail, so that is said, and it is tried again.</summary>
    private void SaveAgainNow(Container container)
    {
        try
        {
            container.IsUnsaved = !container.Removing && !TrySave(container, container.State);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            StateRefused(e, container.Id);
        }
    }
}
