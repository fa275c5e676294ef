using System.Collections.Immutable;
using System.Net;
using Swarm.Model;
using Swarm.Networking.Bridge;
using Swarm.Networking.Overlay;

namespace Swarm.Networking.Tests.Overlay;

public sealed class NetworkNamesTests
{
    /// <summary>Services, endpoints and containers of few names, so that they collide; each name answers only what has it.</summary>
    [Fact]
    public void No_name_ever_answers_an_address_of_another_service()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var table = Any(random);
            var names = new NetworkNames(table);
            foreach (var (id, service) in table.Services)
            {
                var own = table.Endpoints.Values.Where(endpoint => endpoint.ServiceId == id).SelectMany(TableServices.Addresses).Concat(service.VirtualIps.Select(IPAddress.Parse)).ToHashSet();
                Assert.All((string[])[service.Names[0], "tasks." + service.Names[0]], name => Assert.Subset(own, names.Find(name)!.ToHashSet()));
            }

            foreach (var name in (string[])["a", "b", "c", "d", "e"])
            {
                var holders = table.Services.Where(pair => pair.Value.Names.Contains(name)).Select(pair => pair.Key).ToHashSet();
                var entitled = table.Endpoints.Values.Where(endpoint => endpoint.Names.Contains(name) || holders.Contains(endpoint.ServiceId)).SelectMany(TableServices.Addresses)
                    .Concat(table.Services.Where(pair => holders.Contains(pair.Key)).SelectMany(pair => pair.Value.VirtualIps).Select(IPAddress.Parse)).ToHashSet();
                Assert.Subset(entitled, (names.Find(name) ?? []).ToHashSet());
            }
        }
    }

    [Fact]
    public void Endpoint_that_left_the_table_is_answered_by_no_name()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var table = Any(new Random(seed));
            var source = Source(table);
            foreach (var (id, endpoint) in table.Endpoints)
            {
                source.Set([table with { Endpoints = table.Endpoints.Remove(id) }]);
                var gone = TableServices.Addresses(endpoint).ToList();
                Assert.DoesNotContain(All(table).SelectMany(name => source.Find("client", name) ?? []), gone.Contains);
                Assert.All(gone, address => Assert.Null(source.NameOf("client", address)));
            }
        }
    }

    [Fact]
    public void Service_without_a_virtual_address_leads_to_those_who_serve()
    {
        var table = Any(new Random(1)) with
        {
            Services = ImmutableSortedDictionary<string, NetworkService>.Empty.Add("s", new NetworkService { Names = ["web", "www"] }),
            Endpoints = ImmutableSortedDictionary<string, NetworkEndpoint>.Empty
                .Add("t1", new NetworkEndpoint { Addresses = ["10.0.1.5/24"], Names = ["web.1.t1"], ServiceId = "s", IsServing = true })
                .Add("t2", new NetworkEndpoint { Addresses = ["10.0.1.6/24"], Names = ["web.2.t2"], ServiceId = "s" }),
        };
        var source = Source(table);
        Assert.All((string[])["web", "www", "tasks.web", "web.net", "web.1.t1", "web.1.t1.net"], name => Assert.Equal([IPAddress.Parse("10.0.1.5")], source.Find("client", name)));
        Assert.Equal([IPAddress.Parse("10.0.1.6")], source.Find("client", "web.2.t2"));
        Assert.Null(source.Find("client", "web.other"));
        Assert.Null(source.Find("stranger", "web"));
        source.Set([table with { Endpoints = table.Endpoints.Remove("t1") }]);
        Assert.Empty(source.Find("client", "web")!);
    }

    private static OverlayNames Source(NetworkTable table)
    {
        var source = new OverlayNames();
        source.Set([table]);
        source.Put("client", [new BridgeEndpoint("client", table.Network.Id, "endpoint") { MacText = "", LinkName = "eth0" }]);
        return source;
    }

    private static IEnumerable<string> All(NetworkTable table) =>
        table.Services.Values.SelectMany(service => service.Names).Concat(table.Endpoints.Values.SelectMany(endpoint => endpoint.Names)).SelectMany(name => (string[])[name, "tasks." + name, name + ".net"]);

    private static NetworkTable Any(Random random)
    {
        string[] few = ["a", "b", "c", "d", "e"];
        string[] own = [.. few];
        random.Shuffle(own);
        var services = ImmutableSortedDictionary.CreateBuilder<string, NetworkService>(StringComparer.Ordinal);
        for (var number = 0; number < 3; number++)
        {
            services[$"s{number}"] = new NetworkService
            {
                Names = [own[number], .. random.GetItems(few, random.Next(3))],
                VirtualIps = random.Next(2) == 0 ? [$"10.0.1.{100 + number}"] : [],
            };
        }

        var endpoints = ImmutableSortedDictionary.CreateBuilder<string, NetworkEndpoint>(StringComparer.Ordinal);
        for (var number = 0; number < 8; number++)
        {
            var service = random.Next(4) is var chosen and < 3 ? $"s{chosen}" : "";
            endpoints[$"t{number}"] = new NetworkEndpoint
            {
                NodeId = "n1",
                Addresses = [$"10.0.1.{number + 2}/24"],
                Names = service.Length > 0 ? [$"task{number}"] : [$"container{number}", .. random.GetItems(few, random.Next(3))],
                ServiceId = service,
                IsServing = random.Next(2) == 0,
            };
        }

        return new NetworkTable
        {
            Network = new Network { Id = "network1234567", Annotations = new Annotations { Name = "net" } },
            Services = services.ToImmutable(),
            Endpoints = endpoints.ToImmutable(),
        };
    }
}
