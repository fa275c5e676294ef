using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Swarm.Model;
using Swarm.Security;

namespace Swarm.Rpc.Certificates;

/// <summary>
/// Keeps this node's certificate young: renews at a random moment between 50 and 80 percent of its life, so that a cluster's nodes do not come all
/// at once, and as soon as the cluster wants another role of the node.
/// </summary>
/// <param name="renew">Asks a manager; <see cref="Clients.NodeCaClient"/> in the product.</param>
public sealed class CertificateRenewal(
    NodeCredentials credentials,
    Func<RenewCertificateRequest, CancellationToken, Task<IssuedCertificate>> renew,
    Random random,
    TimeProvider time,
    ILogger<CertificateRenewal> log)
{
    internal const double Earliest = 0.5;
    internal const double Latest = 0.8;
    internal static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);
    internal static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(1);

    // Only the newest wish counts.
    private readonly Channel<NodeRole> _wanted = Channel.CreateBounded<NodeRole>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>Tells what the node's record says (<see cref="Node.Role"/>). Harmless to repeat.</summary>
    public void RoleWanted(NodeRole role) => _wanted.Writer.TryWrite(role);

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        NodeRole? wanted = null;
        var due = Due();
        var retry = FirstRetry;
        while (true)
        {
            var wait = due - time.GetUtcNow();
            if (wait > TimeSpan.Zero && (wanted is null || wanted == credentials.Identity.Role))
            {
                wanted = await WantedWithinAsync(wait, cancellation).ConfigureAwait(false) ?? wanted;
                continue;
            }

            if (await TryRenewAsync(cancellation).ConfigureAwait(false))
            {
                due = Due();
                if (wanted is null || wanted == credentials.Identity.Role)
                {
                    retry = FirstRetry;
                    continue;
                }
            }

            // The manager could not, or has not heard of the new role yet. A newer wish is worth asking at once.
            wanted = await WantedWithinAsync(retry, cancellation).ConfigureAwait(false) ?? wanted;
            retry = retry * 2 < LongestRetry ? retry * 2 : LongestRetry;
        }
    }

    private async Task<bool> TryRenewAsync(CancellationToken cancellation)
    {
        try
        {
            using var key = new NodeKey();
            var issued = await renew(new RenewCertificateRequest { Request = key.CreateRequest() }, cancellation).ConfigureAwait(false);
            credentials.Replace(key, issued.Certificate);
            log.Renewed(issued.Role, credentials.Current.NotAfter);
            return true;
        }
        catch (Exception failure) when (failure is RpcFault or CryptographicException or IOException)
        {
            log.NotRenewed(failure.Message, credentials.Current.NotAfter);
            return false;
        }
    }

    /// <summary>The next wish, or null when the time is over.</summary>
    private async Task<NodeRole?> WantedWithinAsync(TimeSpan wait, CancellationToken cancellation)
    {
        // One timer holds at most 49 days.
        using var over = new CancellationTokenSource(wait < TimeSpan.FromDays(1) ? wait : TimeSpan.FromDays(1), time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation, over.Token);
        try
        {
            return await _wanted.Reader.ReadAsync(ends.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>When a certificate of this life is to be renewed; <paramref name="part"/> is 0..1.</summary>
    internal static DateTimeOffset DueAt(DateTimeOffset notBefore, DateTimeOffset notAfter, double part)
    {
        // The hour before the issue is not part of its life.
        var issued = notBefore + RootCertificate.Backdate;
        return issued + ((notAfter - issued) * (Earliest + ((Latest - Earliest) * part)));
    }

    private DateTimeOffset Due()
    {
        lock (random)
        {
            return DueAt(credentials.Current.NotBefore, credentials.Current.NotAfter, random.NextDouble());
        }
    }
}
