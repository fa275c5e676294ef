using System.Collections.Immutable;
using System.Text.Json;
using Swarm.Api.Networks;
using Swarm.Engine;
using Swarm.Model;
using static Swarm.Api.Wire.WireValues;

namespace Swarm.Api.Services;

internal static class TaskSpecReader
{
    internal static TaskSpec Read(Wire.TaskSpec task, INetworkCatalog networks)
    {
        if (task.Runtime is "plugin" || Given(task.PluginSpec))
        {
            throw EngineException.NotImplemented("a service of plugins (Runtime: plugin) is not supported: this version runs containers only");
        }

        if (task.Runtime is not (null or "" or "container"))
        {
            throw EngineException.BadRequest("unsupported runtime");
        }

        if (task.ContainerSpec is null || Given(task.NetworkAttachmentSpec))
        {
            throw EngineException.BadRequest("mismatched Runtime and *Spec fields");
        }

        return new TaskSpec
        {
            Container = ContainerSpecReader.Read(task.ContainerSpec),
            Limits = Limits(task.Resources?.Limits),
            Reservations = Reservations(task.Resources?.Reservations),
            PidsLimit = task.Resources?.Limits?.Pids ?? 0,
            Restart = Restart(task.RestartPolicy),
            Placement = Placement(task.Placement),
            LogDriver = Driver(task.LogDriver),
            ForceUpdate = task.ForceUpdate ?? 0,
            Networks = Networks(task.Networks, networks),
            // What the writer says for the default must read back as the default: a client that sends a spec back changed nothing.
            Runtime = task.Runtime is null or "container" ? "" : task.Runtime,
        };
    }

    internal static ImmutableArray<NetworkAttachmentConfig> Networks(IReadOnlyList<Wire.NetworkAttachmentConfig>? attachments, INetworkCatalog networks)
    {
        if (attachments is null or { Count: 0 })
        {
            return [];
        }

        // The predefined networks are every node's: their ids are this node's alone.
        var names = networks.List().Where(one => NetworkEndpoints.Predefined.Contains(one.Name)).ToDictionary(one => one.Id, one => one.Name, StringComparer.Ordinal);
        return List(attachments, one => new NetworkAttachmentConfig
        {
            Target = names.GetValueOrDefault(one.Target ?? "", one.Target ?? ""),
            Aliases = List(one.Aliases),
            DriverOptions = Map(one.DriverOpts),
        });
    }

    internal static DriverConfig? Driver(Wire.Driver? driver) =>
        driver is null ? null : new DriverConfig { Name = driver.Name ?? "", Options = Map(driver.Options) };

    internal static bool Given(JsonElement? element) => element is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) };

    private static Resources? Limits(Wire.Limit? limit) =>
        limit is null or { NanoCPUs: null or 0, MemoryBytes: null or 0 } ? null : new Resources { NanoCpus = limit.NanoCPUs ?? 0, MemoryBytes = limit.MemoryBytes ?? 0 };

    private static Resources? Reservations(Wire.Resources? resources) => resources is null or { NanoCPUs: null or 0, MemoryBytes: null or 0, GenericResources: null or { Count: 0 } } ? null : new Resources
    {
        NanoCpus = resources.NanoCPUs ?? 0,
        MemoryBytes = resources.MemoryBytes ?? 0,
        Generic = List(resources.GenericResources, Generic),
    };

    private static GenericResource Generic(Wire.GenericResource resource) => resource switch
    {
        { NamedResourceSpec: { } named } => new GenericResource { Kind = named.Kind ?? "", NamedValue = named.Value ?? "" },
        { DiscreteResourceSpec: { } counted } => new GenericResource { Kind = counted.Kind ?? "", Value = counted.Value ?? 0 },
        _ => throw EngineException.BadRequest("a generic resource needs a NamedResourceSpec or a DiscreteResourceSpec"),
    };

    private static RestartPolicy Restart(Wire.RestartPolicy? policy) => policy is null ? new RestartPolicy() : new RestartPolicy
    {
        Condition = policy.Condition switch
        {
            null or "" or "any" => RestartCondition.Any,
            "on-failure" => RestartCondition.OnFailure,
            "none" => RestartCondition.None,
            var other => throw EngineException.BadRequest($"invalid RestartCondition: \"{other}\""),
        },
        Delay = Duration(policy.Delay),
        MaxAttempts = policy.MaxAttempts ?? 0,
        Window = Duration(policy.Window ?? 0),
    };

    private static Placement Placement(Wire.Placement? placement) => placement is null ? new Placement() : new Placement
    {
        Constraints = List(placement.Constraints),
        SpreadOver = [.. (placement.Preferences ?? []).Where(one => one.Spread is not null).Select(one => one.Spread!.SpreadDescriptor ?? "")],
        MaxReplicasPerNode = placement.MaxReplicas ?? 0,
        Platforms = List(placement.Platforms, one => new Platform { Architecture = one.Architecture ?? "", Os = one.OS ?? "" }),
    };
}
