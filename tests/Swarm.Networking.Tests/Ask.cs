using System.Collections.Immutable;
using Swarm.Networking.Networks;

namespace Swarm.Networking.Tests;

/// <summary>Networks as tests ask for them.</summary>
public static class Ask
{
    public static NetworkSpec For(string name) => new(name);

    public static NetworkSpec With(this NetworkSpec spec, string subnet, string range = "", string gateway = "", params (string Name, string Address)[] auxiliary) => spec with
    {
        Pools = spec.Pools.Add(new PoolSpec(subnet, range, gateway, auxiliary.ToImmutableSortedDictionary(pair => pair.Name, pair => pair.Address))),
    };

    /// <summary>An option of a driver whose names have no prefix.</summary>
    public static NetworkSpec Plainly(this NetworkSpec spec, string name, string value) => spec with { Options = spec.Options.SetItem(name, value) };

    public static NetworkSpec Option(this NetworkSpec spec, string name, string value) => spec with { Options = spec.Options.SetItem("com.docker.network." + name, value) };
}
