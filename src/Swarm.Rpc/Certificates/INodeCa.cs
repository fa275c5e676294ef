using System.Collections.Immutable;
using MessagePack;
using Swarm.Model;
using Swarm.Rpc.Dispatch;
using Swarm.Security;

namespace Swarm.Rpc.Certificates;

/// <summary>The cluster's certificate authority, as any manager offers it.</summary>
public interface INodeCa
{
    /// <summary>For a machine that has no certificate yet: it checks the answer against the digest in its join token.</summary>
    Task<RootCertificateResponse> GetRootCertificateAsync(CancellationToken cancellation);

    /// <summary>Takes a machine with a valid join token into the cluster. Asking again with the same request answers the same node.</summary>
    /// <exception cref="RpcFault"><see cref="RpcStatus.InvalidArgument"/>: the token or the request is not valid.</exception>
    Task<IssuedCertificate> IssueCertificateAsync(IssueCertificateRequest request, CancellationToken cancellation);

    /// <summary>A new certificate for the calling node, with the role that the cluster wants it to have.</summary>
    /// <exception cref="RpcFault"><see cref="RpcStatus.PermissionDenied"/>: the node is not, or no longer, part of the cluster.</exception>
    Task<IssuedCertificate> RenewCertificateAsync(NodeIdentity caller, RenewCertificateRequest request, CancellationToken cancellation);
}

[MessagePackObject]
public sealed record RootCertificateRequest;

[MessagePackObject]
public sealed record RootCertificateResponse
{
    /// <summary>PEM.</summary>
    [Key(0)] public string Certificate { get; init; } = "";
}

[MessagePackObject]
public sealed record IssueCertificateRequest
{
    /// <summary>PKCS#10 PEM.</summary>
    [Key(0)] public string Request { get; init; } = "";
    [Key(1)] public string JoinToken { get; init; } = "";
    [Key(2)] public NodeAvailability Availability { get; init; }

    public override string ToString() => nameof(IssueCertificateRequest);
}

[MessagePackObject]
public sealed record RenewCertificateRequest
{
    /// <summary>PKCS#10 PEM.</summary>
    [Key(0)] public string Request { get; init; } = "";
}

[MessagePackObject]
public sealed record IssuedCertificate
{
    [Key(0)] public string NodeId { get; init; } = "";
    [Key(1)] public NodeRole Role { get; init; }

    /// <summary>PEM: the node's certificate and, while the root changes, the new root as the old one signed it.</summary>
    [Key(2)] public string Certificate { get; init; } = "";

    /// <summary>Whom the node may dial from now on.</summary>
    [Key(3)] public ImmutableArray<ManagerAddress> Managers { get; init; } = [];

    /// <summary>PEM of the roots to trust from now on; empty: those that the node trusts already.</summary>
    [Key(4)] public string TrustRoots { get; init; } = "";
}
