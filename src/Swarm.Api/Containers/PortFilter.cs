using System.Globalization;
using Swarm.Api.Http;
using Swarm.Engine;

namespace Swarm.Api.Containers;

/// <summary>The filters `publish` and `expose`: PORT[-PORT][/PROTOCOL].</summary>
internal static class PortFilter
{
    /// <summary>Null: no such filter.</summary>
    /// <exception cref="EngineException">400: not a port.</exception>
    public static HashSet<(int Port, string Protocol)>? Of(Filters filters, string key)
    {
        if (!filters.Has(key))
        {
            return null;
        }

        HashSet<(int, string)> ports = [];
        foreach (var text in filters[key])
        {
            var parts = text.Split('/', 2);
            var ends = parts[0].Split('-', 2);
            if (!Port(ends[0], out var first) || !Port(ends[^1], out var last) || last < first || parts.ElementAtOrDefault(1) is not (null or "tcp" or "udp" or "sctp"))
            {
                throw EngineException.BadRequest($"invalid filter '{key}={text}'");
            }

            ports.UnionWith(Enumerable.Range(first, last - first + 1).Select(port => (port, parts.ElementAtOrDefault(1) ?? "tcp")));
        }

        return ports;
    }

    private static bool Port(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= ushort.MaxValue;
}
