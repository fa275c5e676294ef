using Swarm.Lab;

namespace Swarm.Chaos.Running;

/// <summary>Where and how a run is made.</summary>
public sealed record RunOptions
{
    /// <summary>Statically linked; the image of the workloads' services is made of it.</summary>
    public const string Busybox = "/bin/busybox";

    public required LabHost Host { get; init; }

    /// <summary>Of the lab that the run makes and takes down.</summary>
    public string Lab { get; init; } = "chaos";

    /// <summary>The executable that the nodes run.</summary>
    public required string Binary { get; init; }

    /// <summary>Leaves the lab standing.</summary>
    public bool Keep { get; init; }

    /// <summary>The scenario's file, for the command that runs it again.</summary>
    public required string ScenarioPath { get; init; }

    /// <summary>What happens, line by line, as it happens.</summary>
    public required Action<string> Say { get; init; }

    /// <summary>The folder that the daemons' logs are copied to before the lab goes; null: they go with it.</summary>
    public string? Logs { get; init; }
}
