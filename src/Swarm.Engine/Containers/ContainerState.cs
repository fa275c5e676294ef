namespace Swarm.Engine.Containers;

public enum ContainerStatus { Created, Running, Paused, Restarting, Exited, Dead }

/// <summary>How far a container is. Replaced as a whole; written durably at every change of <see cref="Status"/>.</summary>
public sealed record ContainerState
{
    public ContainerStatus Status { get; init; }
    public int Pid { get; init; }
    public int ExitCode { get; init; }
    public string Error { get; init; } = "";
    public bool OomKilled { get; init; }

    /// <summary>Nobody saw it end: the machine went down, or someone killed the shim. The exit code is 255 then.</summary>
    public bool EndUnseen { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Restarts by the restart policy since the user last started it.</summary>
    public int RestartCount { get; init; }

    /// <summary>A user stopped it, so that unless-stopped and always leave it alone.</summary>
    public bool StoppedByUser { get; init; }

    /// <summary>As of the last change of <see cref="Status"/>; what is newer is in <see cref="Container.Health"/>.</summary>
    public Health.HealthState? Health { get; init; }

    public bool IsRunning => Status is ContainerStatus.Running or ContainerStatus.Paused;
}
