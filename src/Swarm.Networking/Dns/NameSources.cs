using System.Net;

namespace Swarm.Networking.Dns;

/// <summary>Several sources as one: who knows a name first, answers.</summary>
internal sealed class NameSources(params INameSource[] sources) : INameSource
{
    public IReadOnlyList<IPAddress>? Find(string client, string name) => sources.Select(source => source.Find(client, name)).FirstOrDefault(found => found is not null);

    public string? NameOf(string client, IPAddress address) => sources.Select(source => source.NameOf(client, address)).FirstOrDefault(name => name is not null);
}
