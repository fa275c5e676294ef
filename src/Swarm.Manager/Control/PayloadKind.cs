using System.Collections.Immutable;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Control;

/// <summary>In what secrets and configs differ for their users.</summary>
/// <param name="Name">As it stands in texts.</param>
/// <param name="MaxSize">Bytes of a value, itself too much.</param>
/// <param name="Find">By the whole id.</param>
/// <param name="References">What a container names of this kind.</param>
/// <param name="New">A record with an id, a name and labels, a value and its template language.</param>
public sealed record PayloadKind(
    string Name,
    int MaxSize,
    Func<StoreView, IEnumerable<IPayload>> All,
    Func<StoreView, string, IPayload?> Find,
    Func<StoreView, string, IPayload?> FindByName,
    Func<ContainerSpec, ImmutableArray<FileReference>> References,
    Func<string, PayloadSpec, IPayload> New)
{
    public static readonly PayloadKind Secret = new(
        "secret",
        500 * 1024,
        static view => view.Secrets,
        static (view, id) => view.Secrets.Find(id),
        static (view, name) => view.Secrets.FindByName(name),
        static container => container.Secrets,
        static (id, spec) => new Secret { Id = id, Annotations = spec.Annotations, Data = spec.Data, Templating = spec.Templating });

    public static readonly PayloadKind Config = new(
        "config",
        1000 * 1024,
        static view => view.Configs,
        static (view, id) => view.Configs.Find(id),
        static (view, name) => view.Configs.FindByName(name),
        static container => container.Configs,
        static (id, spec) => new Config { Id = id, Annotations = spec.Annotations, Data = spec.Data, Templating = spec.Templating });
}

/// <param name="Data">Never shown.</param>
/// <param name="Driver">Name of the plugin that would hold the value; empty: the store does.</param>
public sealed record PayloadSpec(Annotations Annotations, byte[] Data, string? Driver, DriverConfig? Templating)
{
    public override string ToString() => $"PayloadSpec {{ {Annotations.Name}, {Data.Length} bytes }}";
}
