using System.Collections.Immutable;
using System.Security.Cryptography;
using Grpc.Core;
using Swarm.Model;
using Swarm.Rpc.Certificates;
using Swarm.Rpc.Dispatch;
using Swarm.Rpc.Wire;
using Swarm.Security;

namespace Swarm.Rpc.Clients;

/// <param name="Managers">Whom the node may dial from now on.</param>
public sealed record JoinedNode(NodeCredentials Credentials, ImmutableArray<ManagerAddress> Managers);

/// <summary>Turns a join token into this node's credentials.</summary>
public sealed class JoinClient(TimeProvider time)
{
    /// <summary>Times that the whole list is tried, while managers answer that they have no leader just now.</summary>
    internal const int MaxRounds = 3;

    internal static readonly TimeSpan Wait = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Tries the managers in the order given: fetches the root, checks it against the token, asks for a certificate and makes it durable in
    /// <paramref name="folder"/>. One key is used throughout, so that a lost answer does not leave a second node behind.
    /// </summary>
    /// <param name="seal">Seals the node's key in the folder; null: it lies in plain.</param>
    /// <exception cref="RpcFault">Docker's texts for a bad token; <see cref="RpcStatus.Unavailable"/> if nobody answered.</exception>
    public async Task<JoinedNode> JoinAsync(IReadOnlyList<string> remotes, string joinToken, NodeAvailability availability, NodeFolder folder, CancellationToken cancellation, NodeLock? seal = null)
    {
        if (!JoinToken.TryParse(joinToken, out var token, out var error))
        {
            throw new RpcFault(RpcStatus.InvalidArgument, error);
        }

        using var key = new NodeKey();
        var request = new IssueCertificateRequest { Request = key.CreateRequest(), JoinToken = joinToken, Availability = availability };
        var failure = "no manager address was given";
        for (var round = 1; ; round++)
        {
            var answered = false;
            foreach (var remote in remotes)
            {
                try
                {
                    return await JoinAtAsync(remote, token, key, request, folder, seal, cancellation).ConfigureAwait(false);
                }
                catch (RpcFault fault) when (fault.Status is RpcStatus.Unavailable or RpcStatus.NotLeader)
                {
                    failure = fault.Message;
                    // A failure of the network has a cause; what a manager says has none.
                    answered |= fault.InnerException is null;
                }
            }

            if (!answered || round == MaxRounds)
            {
                throw new RpcFault(RpcStatus.Unavailable, $"could not reach a manager of the swarm ({failure}); check the address, that the manager runs, and any firewall between");
            }

            await Task.Delay(Wait, time, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<JoinedNode> JoinAtAsync(
        string remote, JoinToken token, NodeKey key, IssueCertificateRequest request, NodeFolder folder, NodeLock? seal, CancellationToken cancellation)
    {
        using var root = await FetchRootAsync(remote, token, cancellation).ConfigureAwait(false);
        var issued = await CallAsync(remote, root, RpcMethods.IssueCertificate, request, cancellation).ConfigureAwait(false);
        try
        {
            return new JoinedNode(NodeCredentials.Install(folder, key, issued.Certificate, issued.TrustRoots.Length > 0 ? issued.TrustRoots : root.Pem, seal), issued.Managers);
        }
        catch (CryptographicException refused)
        {
            throw new RpcFault(RpcStatus.FailedPrecondition, $"{remote} answered a certificate that cannot be used: {refused.Message}");
        }
    }

    private async Task<RootCertificate> FetchRootAsync(string remote, JoinToken token, CancellationToken cancellation)
    {
        var answer = await CallAsync(remote, null, RpcMethods.GetRootCertificate, new RootCertificateRequest(), cancellation).ConfigureAwait(false);
        RootCertificate? root = null;
        try
        {
            root = RootCertificate.Parse(answer.Certificate);
        }
        catch (CryptographicException)
        {
            // What is no certificate matches no fingerprint.
        }

        if (root?.Digest == token.RootDigest)
        {
            return root;
        }

        root?.Dispose();
        throw new RpcFault(RpcStatus.InvalidArgument, $"remote CA does not match fingerprint. Expected: {token.RootDigest["sha256:".Length..]}");
    }

    private async Task<TResponse> CallAsync<TRequest, TResponse>(
        string remote, RootCertificate? root, Method<TRequest, TResponse> method, TRequest request, CancellationToken cancellation)
        where TRequest : class where TResponse : class
    {
        var channel = new PeerChannel(remote, PeerTls.Joining(root, time), time, RpcLimits.ConnectTimeout, RpcLimits.MaxCallSize, RpcLimits.JoinDialTimeout);
        try
        {
            return await UnaryCall.InvokeAsync(channel.Channel, remote, method, request, RpcLimits.CommitTimeout, time, cancellation).ConfigureAwait(false);
        }
        finally
        {
            channel.Release();
        }
    }
}
