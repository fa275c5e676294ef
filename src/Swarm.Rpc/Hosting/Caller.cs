using System.Net;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using Swarm.Security;

namespace Swarm.Rpc.Hosting;

/// <summary>The other end of one connection, as its handshake proved it. Identity is null for a machine without a certificate.</summary>
/// <param name="StoreIndex">See <see cref="StoreIndexName"/>.</param>
internal sealed record Caller(NodeIdentity? Identity, DateTimeOffset NotAfter, long StoreIndex, IPAddress? Address)
{
    internal static Caller Of(X509Certificate2? certificate, IPAddress? address) =>
        certificate is not null && NodeIdentity.TryRead(certificate, out var identity)
            ? new Caller(identity, new DateTimeOffset(certificate.NotAfter), StoreIndexName.Read(certificate), address)
            : new Caller(null, default, 0, address);

    internal static Caller Of(ServerCallContext context) =>
        context.GetHttpContext().Features.Get<Caller>() ?? throw new InvalidOperationException("the connection has no caller");
}
