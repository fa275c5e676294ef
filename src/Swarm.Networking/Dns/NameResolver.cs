using System.Net;
using System.Net.Sockets;

namespace Swarm.Networking.Dns;

/// <summary>Answers one container's questions: what the name source knows, and for the rest what the servers upstream say.</summary>
internal sealed class NameResolver(string containerId, INameSource names, Upstream upstream, Random random)
{
    private readonly Lock drawing = new();

    /// <param name="stream">The client came by TCP: the answer may be long, and the servers upstream are asked by TCP.</param>
    /// <returns>Null: not a question, so no answer.</returns>
    public async Task<byte[]?> AnswerAsync(ReadOnlyMemory<byte> message, bool stream, CancellationToken cancellation)
    {
        if (DnsQuery.Parse(message) is not { } query)
        {
            return null;
        }

        return Own(query, stream) ?? await upstream.AskAsync(query, stream, cancellation) ?? query.Answer(DnsCode.ServerFailure);
    }

    /// <returns>Null: not of ours to answer.</returns>
    private byte[]? Own(DnsQuery query, bool stream)
    {
        if (query.Class != DnsQuery.Internet)
        {
            return null;
        }

        var room = stream ? ushort.MaxValue : query.LargestAnswer;
        switch (query.Type)
        {
            case DnsType.A or DnsType.Aaaa when names.Find(containerId, query.Name) is { } found:
                var family = query.Type == DnsType.A ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
                var addresses = found.Where(address => address.AddressFamily == family).Select(address => address.GetAddressBytes()).ToArray();
                lock (drawing)
                {
                    random.Shuffle(addresses);
                }

                // A name without an address of this family is there all the same: no record, and no error.
                return query.Answer(addresses, room);
            case DnsType.Mx when names.Find(containerId, query.Name) is not null:
                return query.Answer();
            case DnsType.Ptr when query.ReversedAddress() is { } address && names.NameOf(containerId, address) is { } name:
                return query.Answer([DnsQuery.Encode(name)], room);
            default:
                return null;
        }
    }
}
