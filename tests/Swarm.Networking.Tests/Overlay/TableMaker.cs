using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using Swarm.Model;

namespace Swarm.Networking.Tests.Overlay;

/// <summary>What a manager would know: a network of both families that all are on, and the one for published ports.</summary>
public sealed class TableMaker
{
    public const string App = "appnetwork1234567890", Ingress = "ingressnetwork123456";

    private readonly Dictionary<string, NetworkTable> tables = new()
    {
        [App] = Of(App, "app", 4097, "10.0.1.0/24", "fd00:1::/64"),
        [Ingress] = Of(Ingress, "ingress", 4096, "10.0.0.0/24") with { },
    };

    private readonly Dictionary<string, bool> publishes = [];
    private string prefix = "10.0.1.", prefix6 = "fd00:1::";
    private int given = 1;
    private long index;

    public ImmutableDictionary<string, NetworkTable> Now()
    {
        index++;
        return tables.ToImmutableDictionary(pair => pair.Key, pair => pair.Value with { Index = index });
    }

    /// <summary>The network for published ports has both families. Before there are nodes.</summary>
    public void WidenIngress() => Change(Ingress, table => table with
    {
        Network = table.Network with { EnableIPv6 = true, Pools = table.Network.Pools.Add(new NetworkPool { Subnet = "fd00::/64" }) },
    });

    /// <summary>Another subnet of each family for the network that all are on, in which the services and tasks are that are added next. Before there are containers.</summary>
    public void AddSubnets()
    {
        (prefix, prefix6) = ("10.0.2.", "fd00:2::");
        Change(App, table => table with
        {
            Network = table.Network with { Pools = [.. table.Network.Pools, new NetworkPool { Subnet = prefix + "0/24" }, new NetworkPool { Subnet = prefix6 + "/64" }] },
        });
    }

    public void UseFirstSubnets() => (prefix, prefix6) = ("10.0.1.", "fd00:1::");

    /// <summary>Before there are nodes.</summary>
    public void Encrypt(string network) => Change(network, table => table with { Keys = new NetworkKeys { Current = 1, All = [Key(1), Key(2)] } });

    /// <summary>As managers do: the next key is used, another one follows it.</summary>
    public void Rotate(string network) => Change(network, table => table with
    {
        Keys = new NetworkKeys { Current = table.Keys!.Current + 1, All = [.. table.Keys.All.Where(key => key.Number >= table.Keys.Current), Key(table.Keys.Current + 2)] },
    });

    public static NetworkKey Key(long number) => new() { Number = number, Secret = RandomNumberGenerator.GetBytes(32) };

    public void AddNode(string host)
    {
        var number = int.Parse(host[1..]);
        Put(App, $"192.0.2.{number}", []);
        Put(Ingress, $"192.0.2.{number}", OnIngress(250 - number));

        void Put(string network, string underlay, ImmutableArray<string> own) => Change(network, table => table with
        {
            Peers = table.Peers.SetItem(host, table.Keys is null ? new NetworkPeer { Address = underlay, Addresses = own } : new NetworkPeer { SealedAddress = underlay, Addresses = own }),
        });
    }

    private ImmutableArray<string> OnIngress(int number) =>
        tables[Ingress].Network.EnableIPv6 ? [$"10.0.0.{number}/24", $"fd00::{number:x}/64"] : [$"10.0.0.{number}/24"];

    /// <returns>Its virtual address on the network.</returns>
    public string AddService(string name, params PortConfig[] ports)
    {
        var number = ++given;
        publishes[name] = ports.Length > 0;
        Change(App, table => table with { Services = table.Services.SetItem(name, new NetworkService { Names = [name], VirtualIps = [$"{prefix}{number}", $"{prefix6}{number:x}"] }) });
        if (ports.Length > 0)
        {
            Change(Ingress, table => table with { Services = table.Services.SetItem(name, new NetworkService { Names = [name], Ports = [.. ports] }) });
        }

        return $"{prefix}{number}";
    }

    public void Change(string network, Func<NetworkTable, NetworkTable> change) => tables[network] = change(tables[network]);

    public void ChangeService(string name, Func<NetworkService, NetworkService> change)
    {
        foreach (var network in tables.Keys.Where(network => tables[network].Services.ContainsKey(name)).ToList())
        {
            Change(network, table => table with { Services = table.Services.SetItem(name, change(table.Services[name])) });
        }
    }

    public void AddTask(string host, string task, string service, bool serves)
    {
        var number = ++given;
        Put(App, [$"{prefix}{number}/24", $"{prefix6}{number:x}/64"]);
        if (publishes.GetValueOrDefault(service))
        {
            Put(Ingress, OnIngress(number));
        }

        void Put(string network, ImmutableArray<string> addresses) => Change(network, table => table with
        {
            Endpoints = table.Endpoints.SetItem(task, new NetworkEndpoint { NodeId = host, Addresses = addresses, Names = [task], ServiceId = service, IsServing = serves }),
        });
    }

    /// <summary>A task that has the addresses of one that is gone.</summary>
    public void Replace(string gone, string host, string task)
    {
        foreach (var network in tables.Keys.Where(network => tables[network].Endpoints.ContainsKey(gone)).ToList())
        {
            Change(network, table => table with
            {
                Endpoints = table.Endpoints.Remove(gone).Add(task, table.Endpoints[gone] with { NodeId = host, Names = [task] }),
            });
        }
    }

    public void Serving(string task, bool serves)
    {
        foreach (var network in tables.Keys.Where(network => tables[network].Endpoints.ContainsKey(task)).ToList())
        {
            Change(network, table => table with { Endpoints = table.Endpoints.SetItem(task, table.Endpoints[task] with { IsServing = serves }) });
        }
    }

    public void RemoveTask(string task)
    {
        foreach (var network in tables.Keys.ToList())
        {
            Change(network, table => table with { Endpoints = table.Endpoints.Remove(task) });
        }
    }

    public IEnumerable<(string NetworkId, List<IPAddress> Addresses)> PlacesOf(string task) => tables
        .Where(pair => pair.Value.Endpoints.ContainsKey(task))
        .Select(pair => (pair.Key, pair.Value.Endpoints[task].Addresses.Select(address => IPAddress.Parse(address.Split('/')[0])).ToList()));

    public string AddressOf(string task, bool ipv6 = false) => PlacesOf(task).First().Addresses[ipv6 ? 1 : 0].ToString();

    private static NetworkTable Of(string id, string name, int vni, params string[] subnets) => new()
    {
        Network = new Network
        {
            Id = id,
            Annotations = new Annotations { Name = name },
            Vni = vni,
            Ingress = name == "ingress",
            Attachable = name != "ingress",
            EnableIPv6 = subnets.Length > 1,
            Pools = [.. subnets.Select(subnet => new NetworkPool { Subnet = subnet })],
        },
    };
}
