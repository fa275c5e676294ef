using System.Collections.Immutable;
using Swarm.Model;

namespace Swarm.Manager.Allocation;

/// <summary>The ports that services publish on every node, each of one service.</summary>
internal sealed class PublishedPorts
{
    /// <summary>Where ports come from that nobody chose, as in Docker.</summary>
    internal const int FirstDynamic = 30000;
    internal const int LastDynamic = 32767;

    private readonly Dictionary<(PortProtocol, int), string> _holders = [];
    private readonly Dictionary<string, ImmutableArray<PortConfig>> _held = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ImmutableArray<PortConfig>> _before = new(StringComparer.Ordinal);
    private int _last = LastDynamic;

    /// <summary>What the store says of a service. Answers whether a port came back.</summary>
    internal bool Set(string serviceId, ImmutableArray<PortConfig> ports)
    {
        var held = _held.GetValueOrDefault(serviceId, []);
        foreach (var port in held)
        {
            _holders.Remove(Key(port));
        }

        var published = Published(ports);
        foreach (var port in published)
        {
            _holders[Key(port)] = serviceId;
        }

        _held.Remove(serviceId);
        if (!published.IsEmpty)
        {
            _held.Add(serviceId, published);
        }

        return held.Any(port => !_holders.ContainsKey(Key(port)));
    }

    /// <summary>All ports of a service, those chosen that were left open; a choice stays as long as what it was chosen for.</summary>
    /// <param name="given">What the service has.</param>
    /// <param name="problem">Why it can not have them.</param>
    internal ImmutableArray<PortConfig>? Take(string serviceId, ImmutableArray<PortConfig> asked, ImmutableArray<PortConfig> given, Func<string, string> nameOf, out string problem)
    {
        problem = "";
        var before = _held.GetValueOrDefault(serviceId, []);
        var left = given.ToList();
        var ports = ImmutableArray.CreateBuilder<PortConfig>(asked.Length);
        foreach (var port in asked)
        {
            if (port.PublishMode != PublishMode.Ingress || port.PublishedPort != 0)
            {
                if (port.PublishMode == PublishMode.Ingress && _holders.TryGetValue(Key(port), out var holder) && holder != serviceId)
                {
                    problem = $"port '{port.PublishedPort}' is already in use by service '{nameOf(holder)}' ({holder}) as an ingress port";
                    return null;
                }

                ports.Add(port);
                continue;
            }

            var chosen = left.Find(one => one with { PublishedPort = 0 } == port);
            left.Remove(chosen!);
            ports.Add(chosen ?? port);
        }

        for (var i = 0; i < ports.Count; i++)
        {
            if (ports[i] is { PublishMode: PublishMode.Ingress, PublishedPort: 0 } open)
            {
                if (Free(open.Protocol, ports) is not { } free)
                {
                    problem = $"no port between {FirstDynamic} and {LastDynamic} is free: every one is published by another service";
                    return null;
                }

                ports[i] = open with { PublishedPort = _last = free };
            }
        }

        var taken = ports.ToImmutable();
        _before.TryAdd(serviceId, before);
        Set(serviceId, taken);
        return taken;
    }

    /// <summary>Gives back what was taken since the last <see cref="Settle"/>.</summary>
    internal void Undo()
    {
        foreach (var (serviceId, ports) in _before)
        {
            Set(serviceId, ports);
        }

        _before.Clear();
    }

    /// <summary>What was taken is committed.</summary>
    internal void Settle() => _before.Clear();

    internal static ImmutableArray<PortConfig> Published(ImmutableArray<PortConfig> ports) =>
        [.. ports.Where(port => port.PublishMode == PublishMode.Ingress && port.PublishedPort != 0)];

    private int? Free(PortProtocol protocol, IEnumerable<PortConfig> others)
    {
        var taken = others.Where(port => port.Protocol == protocol).Select(port => port.PublishedPort).ToHashSet();
        var port = _last;
        for (var tried = FirstDynamic; tried <= LastDynamic; tried++)
        {
            port = port >= LastDynamic ? FirstDynamic : port + 1;
            if (!_holders.ContainsKey((protocol, port)) && !taken.Contains(port))
            {
                return port;
            }
        }

        return null;
    }

    private static (PortProtocol, int) Key(PortConfig port) => (port.Protocol, port.PublishedPort);
}
