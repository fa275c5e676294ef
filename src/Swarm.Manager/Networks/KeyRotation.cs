using System.Collections.Immutable;
using System.Security.Cryptography;
using Swarm.Model;

namespace Swarm.Manager.Networks;

/// <summary>The keys of encrypted networks: one that is used, one before it and one after it, so that a node may be a whole period behind.</summary>
internal static class KeyRotation
{
    /// <summary>The driver's option, Docker's own; with any value, as there.</summary>
    internal const string Option = "encrypted";

    /// <summary>As in Docker.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromHours(12);

    private const int SecretBytes = 32;

    internal static bool IsAsked(Network network) => !network.IsOfNodes && network.Driver.Options.ContainsKey(Option);

    internal static NetworkKeys First(DateTimeOffset now) => new() { Current = 1, All = [New(1), New(2)], Since = now };

    /// <summary>The next key is used, which all nodes have by now, and another one follows it; what is older than the one that was used is dropped.</summary>
    internal static NetworkKeys Next(NetworkKeys keys, DateTimeOffset now)
    {
        var current = keys.Current + 1;
        ImmutableArray<NetworkKey> kept = [.. keys.All.Where(key => key.Number >= keys.Current && key.Number <= current)];
        return keys with { Current = current, All = kept.Add(New(current + 1)), Since = now };
    }

    private static NetworkKey New(long number) => new() { Number = number, Secret = RandomNumberGenerator.GetBytes(SecretBytes) };
}
