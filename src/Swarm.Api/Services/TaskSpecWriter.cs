using Swarm.Model;
using static Swarm.Api.Wire.WireValues;

namespace Swarm.Api.Services;

internal static class TaskSpecWriter
{
    /// <summary>Docker's wait before a failed task's replacement starts.</summary>
    private static readonly TimeSpan DefaultRestartDelay = TimeSpan.FromSeconds(5);

    internal static Wire.TaskSpec Write(TaskSpec task, bool defaults) => new()
    {
        ContainerSpec = ContainerSpecWriter.Write(task.Container, defaults),
        Resources = Requirements(task),
        RestartPolicy = task.Restart != new RestartPolicy() || defaults ? Restart(task.Restart, defaults) : null,
        Placement = Placement(task.Placement),
        Networks = NullIfEmpty(task.Networks, Network),
        LogDriver = Driver(task.LogDriver),
        ForceUpdate = task.ForceUpdate,
        Runtime = task.Runtime.Length == 0 ? "container" : task.Runtime,
    };

    internal static Wire.NetworkAttachmentConfig Network(NetworkAttachmentConfig network) => new()
    {
        Target = network.Target,
        Aliases = NullIfEmpty(network.Aliases),
        DriverOpts = NullIfEmpty(network.DriverOptions),
    };

    internal static Wire.Driver? Driver(DriverConfig? driver) =>
        driver is null ? null : new Wire.Driver { Name = NullIfEmpty(driver.Name), Options = NullIfEmpty(driver.Options) };

    internal static Wire.Resources Resources(Resources resources) => new()
    {
        NanoCPUs = NullIfDefault(resources.NanoCpus),
        MemoryBytes = NullIfDefault(resources.MemoryBytes),
        GenericResources = NullIfEmpty(resources.Generic, Generic),
    };

    internal static Wire.GenericResource Generic(GenericResource one) => one.NamedValue is { } value
        ? new Wire.GenericResource { NamedResourceSpec = new Wire.NamedGenericResource { Kind = one.Kind, Value = value } }
        : new Wire.GenericResource { DiscreteResourceSpec = new Wire.DiscreteGenericResource { Kind = one.Kind, Value = one.Value } };

    /// <summary>Always there, with both halves: docker's client writes into the limits that it was answered, and ends without them.</summary>
    private static Wire.ResourceRequirements Requirements(TaskSpec task) => new()
    {
        Limits = new Wire.Limit
        {
            NanoCPUs = NullIfDefault(task.Limits?.NanoCpus ?? 0),
            MemoryBytes = NullIfDefault(task.Limits?.MemoryBytes ?? 0),
            Pids = NullIfDefault(task.PidsLimit),
        },
        Reservations = Resources(task.Reservations ?? new Resources()),
    };

    private static Wire.RestartPolicy Restart(RestartPolicy policy, bool defaults) => new()
    {
        Condition = policy.Condition switch { RestartCondition.None => "none", RestartCondition.OnFailure => "on-failure", _ => "any" },
        Delay = (policy.Delay ?? (defaults ? DefaultRestartDelay : null)) is { } delay ? Nanoseconds(delay) : null,
        MaxAttempts = policy.MaxAttempts,
        Window = Nanoseconds(policy.Window),
    };

    /// <summary>Always there, as the limits are.</summary>
    private static Wire.Placement Placement(Placement placement) => new()
    {
        Constraints = NullIfEmpty(placement.Constraints),
        Preferences = NullIfEmpty(placement.SpreadOver, over => new Wire.PlacementPreference { Spread = new Wire.SpreadOver { SpreadDescriptor = over } }),
        MaxReplicas = NullIfDefault(placement.MaxReplicasPerNode),
        Platforms = NullIfEmpty(placement.Platforms, one => new Wire.Platform { Architecture = NullIfEmpty(one.Architecture), OS = NullIfEmpty(one.Os) }),
    };
}
