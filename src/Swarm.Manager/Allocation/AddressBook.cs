using System.Collections.Immutable;
using System.Net;
using Swarm.Model;

namespace Swarm.Manager.Allocation;

/// <summary>Who holds which address of one pool of a network.</summary>
internal sealed class AddressBook
{
    /// <summary>Holds what is given to nobody.</summary>
    private const string Reserved = "";

    private readonly Cidr _subnet;
    private readonly Cidr _range;
    private readonly Dictionary<UInt128, string> _holders = [];
    private UInt128 _last;

    /// <summary>Held addresses within the range that is given out.</summary>
    private UInt128 _heldInRange;

    /// <param name="lastGiven">CIDR, of all pools of the network; none of this one: none yet.</param>
    internal AddressBook(NetworkPool pool, ImmutableArray<string> lastGiven)
    {
        if (!Cidr.TryParse(pool.Subnet, out _subnet, out _))
        {
            throw new InvalidDataException($"a network of the store has the subnet \"{pool.Subnet}\"");
        }

        _range = Cidr.TryParse(pool.Range, out var range, out _) ? range : _subnet;
        _last = lastGiven.Select(IpAddresses.OfCidr).FirstOrDefault(Contains) is { } last ? IpAddresses.ToNumber(last) : _range.Last;

        // The network's own address, or of IPv6 that of every router on it.
        Reserve(_subnet.First);
        if (!_subnet.IsIPv6)
        {
            Reserve(_subnet.Last);
        }

        foreach (var reserved in pool.Auxiliary.Values.Append(pool.Gateway).Where(text => text.Length > 0))
        {
            Reserve(IpAddresses.ToNumber(IpAddresses.OfCidr(reserved)));
        }
    }

    internal bool IsIPv6 => _subnet.IsIPv6;

    internal bool Contains(IPAddress address) => address.AddressFamily == _subnet.Family && _subnet.Contains(IpAddresses.ToNumber(address));

    /// <summary>What the next one is looked for behind; CIDR.</summary>
    internal string LastGiven => Cidr.Text(_last, _subnet.Family, _subnet.PrefixLength);

    public override string ToString() => _range.ToString();

    /// <summary>The next free address behind the last that was given, so that one that came back rests; CIDR, or null if all are held.</summary>
    internal string? Take(string owner)
    {
        if (_heldInRange > _range.Last - _range.First)
        {
            return null;
        }

        var next = _last;
        do
        {
            next = next >= _range.Last || next < _range.First ? _range.First : next + 1;
        }
        while (_holders.ContainsKey(next));
        _last = next;
        return Hold(next, owner);
    }

    /// <summary>That very address; CIDR, or null if it is held by another or not of this network.</summary>
    internal string? TakeExactly(IPAddress address, string owner)
    {
        var number = IpAddresses.ToNumber(address);
        return Contains(address) && _holders.GetValueOrDefault(number, owner) == owner ? Hold(number, owner) : null;
    }

    /// <summary>What the store says is held.</summary>
    internal void Hold(string address, string owner) => Hold(IpAddresses.ToNumber(IpAddresses.OfCidr(address)), owner);

    internal void Release(string address, string owner)
    {
        var number = IpAddresses.ToNumber(IpAddresses.OfCidr(address));
        if (_holders.GetValueOrDefault(number) == owner)
        {
            _holders.Remove(number);
            _heldInRange -= _range.Contains(number) ? UInt128.One : UInt128.Zero;
        }
    }

    private void Reserve(UInt128 number) => Hold(number, Reserved);

    private string Hold(UInt128 number, string owner)
    {
        if (_holders.TryAdd(number, owner) && _range.Contains(number))
        {
            _heldInRange++;
        }

        return Cidr.Text(number, _subnet.Family, _subnet.PrefixLength);
    }
}
