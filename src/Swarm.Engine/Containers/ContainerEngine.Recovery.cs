using System.Globalization;
using Swarm.Engine.Shim;
using Swarm.Engine.Stats;

namespace Swarm.Engine.Containers;

public sealed partial class ContainerEngine
{
    /// <summary>Found at the start, to be started when the rest of the daemon is ready.</summary>
    private readonly List<Container> _wanted = [];

    /// <summary>
    /// Finds what earlier daemons left: finishes halves, listens to the shims that run and collects the exits that nobody heard. Call once,
    /// before any other call; then <see cref="RestartWanted"/>.
    /// </summary>
    public async Task RecoverAsync(CancellationToken cancellation)
    {
        var found = _store.Load().Select(pair => new Container(pair.Record, pair.State)).ToList();
        foreach (var container in found)
        {
            _index.Reserve(container.Record.Name, container.Id);
            _index.Add(container);
        }

        foreach (var (id, record) in _store.Halves())
        {
            HalfFound(id);
            if (record is null)
            {
                _store.Forget(id); // its record was not durable, so nothing was made for it
                continue;
            }

            await DestroyAsync(record, _store.RemovesVolumes(id), cancellation).ConfigureAwait(false);
        }

        foreach (var container in found)
        {
            var (record, state) = (container.Record, container.State);
            if (await AdoptAsync(container, cancellation).ConfigureAwait(false))
            {
                continue;
            }

            if (container.Record.HostConfig.AutoRemove && container.State.FinishedAt is not null)
            {
                await RemoveNowAsync(container, removeVolumes: true).ConfigureAwait(false);
            }
            else if (RestartDecision.WantedAtStart(record.HostConfig.RestartPolicy, container.State)
                || (state.Status == ContainerStatus.Restarting && !state.StoppedByUser))
            {
                SaveState(container, container.State with { Status = ContainerStatus.Restarting, StoppedByUser = false });
                _wanted.Add(container);
            }
        }

        VolumeMounts.ReleaseUnused();
        RemoveOrphanBundles();
    }

    /// <summary>
    /// Starts the containers that restart policies ask for. Call once, when everything is gone that was kept for containers that do not run any
    /// more, such as their networks: it would be taken from under the new run.
    /// </summary>
    public void RestartWanted()
    {
        foreach (var container in _wanted)
        {
            _ = RestartLaterAsync(container, TimeSpan.Zero);
        }

        _wanted.Clear();
    }

    /// <summary>True if it runs: its shim is listened to from now on.</summary>
    private async Task<bool> AdoptAsync(Container container, CancellationToken cancellation)
    {
        var control = await ShimConnection.ConnectAsync(_starter.Bundle(container.Id), ShimInterest.Life, cancellation).ConfigureAwait(false);
        if (control is not null && ReadExit(container.Id) is not null)
        {
            // The process has ended, its shim not quite: what it still removes must not be removed by two.
            while (await control.ReadAsync(cancellation).ConfigureAwait(false) is not null)
            {
            }

            control.Dispose();
            control = null;
        }

        var pid = control is null ? 0 : await ReadPidAsync(control, cancellation).ConfigureAwait(false);
        if (pid > 0)
        {
            var run = new ContainerRun(control!, ShimPid: 0);
            container.Run = run;
            SaveState(container, container.State with
            {
                Status = await IsStillPausedAsync(container).ConfigureAwait(false) ? ContainerStatus.Paused : ContainerStatus.Running,
                Pid = pid,
                StartedAt = container.State.IsRunning ? container.State.StartedAt : PidFileTime(container.Id),
            });
            _rootfs.Mount(container.Id);
            VolumeMounts.Acquire(container.Id, container.Record.Mounts.Where(m => m.Kind == MountKind.Volume).Select(m => m.Name));
            container.Network = SharedNamespaces.ContainerOf(container.Record.HostConfig.NetworkMode) is null
                ? (await _starter.AttachNetworkAsync(container.Record, users: "", cancellation).ConfigureAwait(false)).Sandbox
                : new NetworkSandbox($"/proc/{pid}/ns/net", [], []);
            Adopted(container.Id, pid);
            if (container.State.Status == ContainerStatus.Running)
            {
                BeginHealthChecks(container, afresh: true);
            }

            _ = MonitorAsync(container, run);
            return true;
        }

        control?.Dispose();
        await CollectAsync(container, cancellation).ConfigureAwait(false);
        return false;
    }

    /// <summary>
    /// Brings freezer and record together if the daemon before ended between the two. A freeze that nobody was told of is undone: it may have been
    /// that of a commit. A thaw that nobody was told of is taken over.
    /// </summary>
    private async Task<bool> IsStillPausedAsync(Container container)
    {
        var isFrozen = KernelCounters.Number(Cgroups.FrozenFile(Specs.CgroupPath(container.Record))) == 1;
        if (!isFrozen || container.State.Status == ContainerStatus.Paused)
        {
            return isFrozen;
        }

        try
        {
            await _runtime.ResumeAsync(container.Record).ConfigureAwait(false);
            return false;
        }
        catch (EngineException e)
        {
            NotThawed(e, container.Id);
            return true; // then it is called what it is, and a user may try
        }
    }

    /// <summary>The pid, once the runtime has started it; 0 if it never will, or has ended: the exit record tells which.</summary>
    private static async Task<int> ReadPidAsync(ShimConnection control, CancellationToken cancellation)
    {
        while (await control.ReadAsync(cancellation).ConfigureAwait(false) is { } frame)
        {
            switch (frame.Kind)
            {
                case ShimFrameKind.Started:
                    return int.Parse(frame.Payload.Span, NumberStyles.None, CultureInfo.InvariantCulture);
                case ShimFrameKind.Failed or ShimFrameKind.Exited:
                    return 0;
            }
        }

        return 0;
    }

    /// <summary>Takes the exit of a run that ended while no daemon listened into the state, and clears what the run had.</summary>
    private async Task CollectAsync(Container container, CancellationToken cancellation)
    {
        await DeleteFromRuntimeAsync(container.Id).ConfigureAwait(false);
        await _starter.CleanUpAsync(container.Id, keepRoot: false, cancellation).ConfigureAwait(false);
        var exit = ReadExit(container.Id) ?? (container.State.IsRunning ? LostExit() : null);
        if (exit is null || exit.FinishedAt == container.State.FinishedAt)
        {
            return;
        }

        SaveState(container, container.State with
        {
            Status = ContainerStatus.Exited,
            Pid = 0,
            ExitCode = exit.ExitCode,
            OomKilled = exit.OomKilled,
            EndUnseen = exit.Unseen,
            StartedAt = container.State.StartedAt ?? PidFileTime(container.Id),
            FinishedAt = exit.FinishedAt,
        });
        Publish(container, "die", ("exitCode", exit.ExitCode.ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>When the runtime wrote the pid, which is when it started.</summary>
    private DateTimeOffset PidFileTime(string id)
    {
        var file = Path.Combine(_starter.Bundle(id), OciRuntimeProcess.PidFileName);
        return File.Exists(file) ? File.GetLastWriteTimeUtc(file) : _time.GetUtcNow();
    }

    /// <summary>Bundles of `docker exec` and of containers that are gone; those whose shim still listens are left to it.</summary>
    private void RemoveOrphanBundles()
    {
        foreach (var bundle in Directory.EnumerateDirectories(_options.BundlesPath))
        {
            if (_index.Find(Path.GetFileName(bundle)) is null && !File.Exists(Path.Combine(bundle, ShimLoop.SocketName)))
            {
                Directory.Delete(bundle, recursive: true);
            }
        }
    }
}
