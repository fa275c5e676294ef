using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Swarm.Model;

namespace Swarm.Manager.Allocation;

/// <summary>The addresses of one network, of all its families.</summary>
internal sealed class NetworkBook
{
    private readonly ImmutableArray<AddressBook> _families;

    internal NetworkBook(Network network)
    {
        Network = network;
        _families = [.. network.Pools.Select(pool => new AddressBook(pool, network.LastGiven.FirstOrDefault(last => last.Contains(':') == pool.Subnet.Contains(':'))))];
    }

    internal Network Network { get; }

    internal ImmutableArray<string> LastGiven => [.. _families.Select(family => family.LastGiven)];

    /// <summary>For a user who waits.</summary>
    internal string Exhausted => $"waiting for a free address: network {Network.Annotations.Name} ({string.Join(", ", _families)}) has none left";

    /// <summary>One address of each family; null if any has none left.</summary>
    internal ImmutableArray<string>? Take(string owner, ImmutableArray<IPAddress> asked)
    {
        var taken = ImmutableArray.CreateBuilder<string>(_families.Length);
        foreach (var family in _families)
        {
            var wanted = asked.FirstOrDefault(address => (address.AddressFamily == AddressFamily.InterNetworkV6) == family.IsIPv6);
            if ((wanted is null ? family.Take(owner) : family.TakeExactly(wanted, owner)) is not { } address)
            {
                Release(taken.ToImmutable(), owner);
                return null;
            }

            taken.Add(address);
        }

        return taken.ToImmutable();
    }

    internal void Hold(ImmutableArray<string> addresses, string owner)
    {
        foreach (var address in addresses)
        {
            FamilyOf(address)?.Hold(address, owner);
        }
    }

    internal void Release(ImmutableArray<string> addresses, string owner)
    {
        foreach (var address in addresses)
        {
            FamilyOf(address)?.Release(address, owner);
        }
    }

    private AddressBook? FamilyOf(string address) => _families.FirstOrDefault(family => family.IsIPv6 == address.Contains(':'));
}
