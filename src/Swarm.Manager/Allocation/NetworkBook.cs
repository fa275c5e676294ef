using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Swarm.Model;

namespace Swarm.Manager.Allocation;

/// <summary>The addresses of one network, of all its pools.</summary>
internal sealed class NetworkBook
{
    private readonly ImmutableArray<AddressBook> _pools;

    internal NetworkBook(Network network)
    {
        Network = network;
        _pools = [.. network.Pools.Select(pool => new AddressBook(pool, network.LastGiven))];
    }

    internal Network Network { get; }

    internal ImmutableArray<string> LastGiven => [.. _pools.Select(pool => pool.LastGiven)];

    /// <summary>For a user who waits.</summary>
    internal string Exhausted => $"waiting for a free address: network {Network.Annotations.Name} ({string.Join(", ", _pools)}) has none left";

    /// <summary>One address of each family, of its first pool that has one; null if any family has none left.</summary>
    internal ImmutableArray<string>? Take(string owner, ImmutableArray<IPAddress> asked)
    {
        var taken = ImmutableArray.CreateBuilder<string>();
        foreach (var family in _pools.GroupBy(pool => pool.IsIPv6))
        {
            var wanted = asked.FirstOrDefault(address => (address.AddressFamily == AddressFamily.InterNetworkV6) == family.Key);
            if (family.Select(pool => wanted is null ? pool.Take(owner) : pool.TakeExactly(wanted, owner)).FirstOrDefault(address => address is not null) is not { } given)
            {
                Release(taken.ToImmutable(), owner);
                return null;
            }

            taken.Add(given);
        }

        return taken.ToImmutable();
    }

    internal void Hold(ImmutableArray<string> addresses, string owner)
    {
        foreach (var address in addresses)
        {
            PoolOf(address)?.Hold(address, owner);
        }
    }

    internal void Release(ImmutableArray<string> addresses, string owner)
    {
        foreach (var address in addresses)
        {
            PoolOf(address)?.Release(address, owner);
        }
    }

    private AddressBook? PoolOf(string address)
    {
        var parsed = IpAddresses.OfCidr(address);
        return _pools.FirstOrDefault(pool => pool.Contains(parsed));
    }
}
