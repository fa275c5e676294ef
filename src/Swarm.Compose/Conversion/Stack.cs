using Swarm.Api.Wire;

namespace Swarm.Compose.Conversion;

/// <summary>What a compose project is in a cluster: what will be asked of the Engine API.</summary>
/// <param name="Remarks">What the user should know.</param>
public sealed record Stack(
    string Name,
    IReadOnlyList<StackService> Services,
    IReadOnlyList<StackNetwork> Networks,
    IReadOnlyList<StackFile> Secrets,
    IReadOnlyList<StackFile> Configs,
    IReadOnlyList<string> Remarks);

/// <param name="Spec">Its references to secrets and configs have the keys of <see cref="StackFile"/> as names, and no ids yet.</param>
public sealed record StackService(string Key, ServiceSpec Spec)
{
    public string Name => Spec.Name!;
}

/// <param name="Request">Null for a network that is not the stack's.</param>
public sealed record StackNetwork(string Key, string Name, NetworkCreateRequest? Request);

/// <summary>A secret or a config.</summary>
/// <param name="Name">Of its first version.</param>
/// <param name="Content">Null for one that is not the stack's.</param>
public sealed record StackFile(string Key, string Name, byte[]? Content, IReadOnlyDictionary<string, string?> Labels, Driver? Templating)
{
    /// <summary>Without the content.</summary>
    public override string ToString() => $"StackFile {{ {Name} }}";
}
