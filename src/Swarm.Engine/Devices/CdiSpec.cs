using System.Collections.Immutable;

namespace Swarm.Engine.Devices;

/// <summary>One file of the Container Device Interface (SPEC.md of tags.cncf.io/container-device-interface, 0.3 to 1.0).</summary>
/// <param name="Kind">vendor/class, as in nvidia.com/gpu.</param>
/// <param name="Edits">Made once for any of its devices.</param>
internal sealed record CdiSpec(string Path, string Kind, ImmutableArray<CdiDevice> Devices, CdiEdits Edits);

internal sealed record CdiDevice(string Name, CdiEdits Edits);

/// <summary>What a device changes of a container's configuration.</summary>
internal sealed record CdiEdits
{
    public static CdiEdits None { get; } = new();

    /// <summary>NAME=VALUE.</summary>
    public ImmutableArray<string> Environment { get; init; } = [];
    public ImmutableArray<CdiDeviceNode> DeviceNodes { get; init; } = [];
    public ImmutableArray<CdiMount> Mounts { get; init; } = [];
    public ImmutableArray<CdiHook> Hooks { get; init; } = [];
    public ImmutableArray<uint> AdditionalGroups { get; init; } = [];
}

/// <param name="HostPath">Empty: the same path as in the container.</param>
/// <param name="Type">b, c, u or p; empty: that of the host's node, as with number 0:0.</param>
/// <param name="FileMode">Null: the host's node's.</param>
/// <param name="Permissions">Of r, w and m; empty: all.</param>
internal sealed record CdiDeviceNode(string Path, string HostPath, string Type, long Major, long Minor, int? FileMode, string Permissions, uint? Uid, uint? Gid);

internal sealed record CdiMount(string HostPath, string ContainerPath, string Type, ImmutableArray<string> Options);

/// <param name="Name">As in hooks of the OCI runtime specification: createRuntime, poststop...</param>
/// <param name="Timeout">Seconds; null: none.</param>
internal sealed record CdiHook(string Name, string Path, ImmutableArray<string> Arguments, ImmutableArray<string> Environment, int? Timeout);
