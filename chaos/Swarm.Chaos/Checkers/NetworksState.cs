using Swarm.Chaos.Histories;

namespace Swarm.Chaos.Checkers;

/// <summary>What was seen of services on networks.</summary>
/// <param name="Lives">Every service that there may ever have been.</param>
/// <param name="Missing">What did not reach what once all was quiet, and what nodes' tables have otherwise than the store; null: it could not be looked for.</param>
public sealed record NetworksState(
    IReadOnlyList<ServiceLife> Lives, IReadOnlyList<AddressSighting> Sightings, IReadOnlyList<Probe> Probes, IReadOnlyList<string>? Missing);

/// <summary>A service. Names and ports are used again by others; the token is not.</summary>
/// <param name="From">It was asked for.</param>
/// <param name="Until">Its removal was acknowledged; null: it never was, so it may still be there.</param>
public sealed record ServiceLife(string Token, string Name, int Port, TimeSpan From, TimeSpan? Until)
{
    /// <summary>It may have been there at some moment between the two.</summary>
    public bool MayLive(TimeSpan from, TimeSpan to) => From <= to && (Until is not { } end || end >= from);
}

/// <summary>The store said twice that an address is of a service (its virtual one, or one task's): so it was in between.</summary>
/// <param name="First">The first answer had come.</param>
/// <param name="Last">The last question was asked.</param>
/// <param name="IsVirtual">The service's, which keeps it all its life and has no other.</param>
public sealed record AddressSighting(string Address, string Token, TimeSpan First, TimeSpan Last, bool IsVirtual = false)
{
    /// <summary>It certainly was during the whole time between the two.</summary>
    public bool Holds(TimeSpan from, TimeSpan to) => First <= from && Last >= to;
}
