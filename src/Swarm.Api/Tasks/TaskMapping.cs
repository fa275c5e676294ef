using System.Globalization;
using Swarm.Api.Networks;
using Swarm.Api.Services;
using Swarm.Manager.Control;
using Swarm.Model;
using Swarm.Store;
using static Swarm.Api.Wire.WireValues;

namespace Swarm.Api.Tasks;

internal static class TaskMapping
{
    internal static Wire.TaskInspect Write(StoreView view, SwarmTask task) => new()
    {
        ID = task.Id,
        Version = Version(task.Meta.Version),
        CreatedAt = task.Meta.CreatedAt.UtcDateTime,
        UpdatedAt = task.Meta.UpdatedAt.UtcDateTime,
        Name = NullIfEmpty(task.Name),
        Labels = new Dictionary<string, string>(),
        Spec = TaskSpecWriter.Write(task.Spec, defaults: false),
        ServiceID = task.ServiceId,
        Slot = NullIfDefault(SlotOf(task)),
        NodeID = NullIfEmpty(task.NodeId),
        Status = Status(task.Status),
        DesiredState = Desired(task),
        NetworksAttachments = NullIfEmpty(task.Networks, place => Place(view, place)),
        JobIteration = task.JobIteration is { } iteration ? Version(iteration) : null,
        AssignedGenericResources = NullIfEmpty(task.AssignedGeneric, TaskSpecWriter.Generic),
    };

    /// <summary>A job's tasks are wanted complete; inside they are wanted running, and end by themselves.</summary>
    internal static string Desired(SwarmTask task) => task is { JobIteration: not null, DesiredState: TaskState.Running } ? "complete" : State(task.DesiredState);

    /// <summary>As Docker, whose jobs count their slots from 0 where services count theirs from 1.</summary>
    private static ulong SlotOf(SwarmTask task) => task is { JobIteration: not null, Slot: > 0 } ? task.Slot - 1 : task.Slot;

    internal static string State(TaskState state) => state switch
    {
        TaskState.New => "new",
        TaskState.Pending => "pending",
        TaskState.Assigned => "assigned",
        TaskState.Accepted => "accepted",
        TaskState.Preparing => "preparing",
        TaskState.Ready => "ready",
        TaskState.Starting => "starting",
        TaskState.Running => "running",
        TaskState.Complete => "complete",
        TaskState.Shutdown => "shutdown",
        TaskState.Failed => "failed",
        TaskState.Rejected => "rejected",
        TaskState.Remove => "remove",
        _ => "orphaned",
    };

    private static Wire.NetworkAttachment Place(StoreView view, NetworkAttachment place) => new()
    {
        Network = view.Networks.Find(place.NetworkId) is { } network ? Network(network) : new Wire.ClusterNetwork { ID = place.NetworkId },
        Addresses = NullIfEmpty(place.Addresses),
    };

    private static Wire.ClusterNetwork Network(Network network) => new()
    {
        ID = network.Id,
        Version = Version(network.Meta.Version),
        CreatedAt = network.Meta.CreatedAt.UtcDateTime,
        UpdatedAt = network.Meta.UpdatedAt.UtcDateTime,
        Spec = new Wire.ClusterNetworkSpec
        {
            Name = network.Annotations.Name,
            Labels = Nullable(network.Annotations.Labels),
            DriverConfiguration = new Wire.Driver { Name = network.DriverName, Options = NullIfEmpty(network.Driver.Options) },
            IPv6Enabled = NullIfDefault(network.EnableIPv6),
            Internal = NullIfDefault(network.Internal),
            Attachable = NullIfDefault(network.Attachable),
            Ingress = NullIfDefault(network.Ingress),
            Scope = "swarm",
        },
        DriverState = new Wire.Driver
        {
            Name = network.DriverName,
            Options = Nullable(ClusterNetworkWriter.OptionsOf(network)),
        },
        IPAMOptions = new Wire.ClusterIPAM
        {
            Driver = new Wire.Driver { Name = "default" },
            Configs = NullIfEmpty(network.Pools, pool => new Wire.ClusterIPAMConfig { Subnet = pool.Subnet, Range = NullIfEmpty(pool.Range), Gateway = NullIfEmpty(pool.Gateway) }),
        },
    };

    private static Wire.TaskStatus Status(Model.TaskStatus status) => new()
    {
        Timestamp = status.Timestamp.UtcDateTime,
        State = State(status.State),
        Message = NullIfEmpty(status.Message),
        Err = NullIfEmpty(status.Error),
        ContainerStatus = status.Container is { } container
            ? new Wire.ContainerStatus { ContainerID = container.ContainerId, PID = container.Pid, ExitCode = container.ExitCode }
            : null,
        PortStatus = new Wire.PortStatus { Ports = NullIfEmpty(status.HostPorts, ServiceWriter.Port) },
    };
}
