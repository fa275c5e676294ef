using System.Net;

namespace Swarm.Networking.Dns;

/// <summary>Who is called what, as one container may know it. Any thread asks.</summary>
public interface INameSource
{
    /// <param name="client">The container that asks.</param>
    /// <param name="name">Lower case, without a dot at the end.</param>
    /// <returns>All addresses, of both families; null: not a name of ours.</returns>
    IReadOnlyList<IPAddress>? Find(string client, string name);

    /// <returns>The name of an address; null: not an address of ours.</returns>
    string? NameOf(string client, IPAddress address);
}
