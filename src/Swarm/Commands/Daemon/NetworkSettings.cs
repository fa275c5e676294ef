using System.Collections.Immutable;
using System.Net;
using Swarm.Networking;
using Swarm.Networking.Ipam;

namespace Swarm.Commands;

/// <summary>The default network, and what other networks of this node take.</summary>
public sealed record NetworkSettings
{
    /// <summary>Name of the bridge of the network `bridge`; "none": there is no such network.</summary>
    public required string Bridge { get; init; }

    /// <summary>The name was asked for: another daemon that has it is an error. Else the next free name is taken.</summary>
    public bool BridgeIsAsked { get; init; }

    /// <summary>Address and prefix of that bridge; null: the first free one of the default pools.</summary>
    public InterfaceAddress? BridgeAddress { get; init; }

    /// <summary>The same for IPv6; null with <see cref="IPv6"/>: one of this node's own.</summary>
    public InterfaceAddress? BridgeAddress6 { get; init; }

    /// <summary>The default network has IPv6 too.</summary>
    public bool IPv6 { get; init; }

    /// <summary>Part of the bridge's network that containers get addresses of; null: all of it.</summary>
    public IPNetwork? ContainerRange { get; init; }

    /// <inheritdoc cref="ContainerRange"/>
    public IPNetwork? ContainerRange6 { get; init; }

    /// <summary>The containers' default route; null: the bridge.</summary>
    public IPAddress? DefaultGateway { get; init; }

    /// <inheritdoc cref="DefaultGateway"/>
    public IPAddress? DefaultGateway6 { get; init; }

    /// <summary>Where ports are published that name no address of the host; null: everywhere.</summary>
    public IPAddress? PublishAddress { get; init; }

    /// <summary>Bytes; 0: that of the default route.</summary>
    public int Mtu { get; init; }

    /// <summary>Containers of the default network reach each other.</summary>
    public bool ContainersMeet { get; init; } = true;
    public bool Masquerade { get; init; } = true;

    /// <summary>Firewall rules are made: without them no port is published and nothing is masqueraded.</summary>
    public bool Rules { get; init; } = true;

    /// <summary>The host's forwarding is switched on.</summary>
    public bool Forwarding { get; init; } = true;

    /// <summary>Networks of which new ones get a piece of that prefix length; empty: Docker's.</summary>
    public IReadOnlyList<DefaultPool> AddressPools { get; init; } = [];

    /// <summary>Options that new networks get, by driver.</summary>
    public ImmutableDictionary<string, ImmutableDictionary<string, string>> DriverOptions { get; init; } = ImmutableDictionary<string, ImmutableDictionary<string, string>>.Empty;
}
