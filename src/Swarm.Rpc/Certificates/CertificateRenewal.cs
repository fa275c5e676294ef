using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Swarm.Model;
using Swarm.Security;

namespace Swarm.Rpc.Certificates;

/// <summary>
/// Keeps this node's certificate young: renews at a random moment between 50 and 80 percent of its life, so that a cluster's nodes do not come all
/// at once, and as soon as the cluster wants another role of the node, or a certificate of another root.
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

    /// <summary>Over which the nodes of a cluster spread their requests when its root changes.</summary>
    internal static readonly TimeSpan RootChangeSpread = TimeSpan.FromSeconds(1);

    private readonly Lock _wishing = new();
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private NodeRole? _role;
    private string? _root;
    private DateTimeOffset _rootFrom;
    private bool _soon;

    /// <summary>Tells what the node's record says (<see cref="Node.Role"/>). Harmless to repeat.</summary>
    public void RoleWanted(NodeRole role) => Wish(() => _role = role);

    /// <summary>Tells which root (sha256:...) the certificate shall be of. Harmless to repeat.</summary>
    public void RootWanted(string digest) => Wish(() =>
    {
        if (_root != digest)
        {
            _root = digest;
            _rootFrom = time.GetUtcNow() + (RootChangeSpread * NextPart());
        }
    });

    /// <summary>The present key is no longer good enough.</summary>
    public void RenewSoon() => Wish(() => _soon = true);

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var due = Due();
        var retry = FirstRetry;
        while (true)
        {
            var wait = WantedAt(due) - time.GetUtcNow();
            if (wait > TimeSpan.Zero)
            {
                await NewsWithinAsync(wait, cancellation).ConfigureAwait(false);
                continue;
            }

            if (await TryRenewAsync(cancellation).ConfigureAwait(false))
            {
                due = Due();
                if (WantedAt(due) > time.GetUtcNow())
                {
                    retry = FirstRetry;
                    continue;
                }
            }

            // The manager could not, or has not heard of the wish yet. A newer wish is worth asking at once.
            await NewsWithinAsync(retry, cancellation).ConfigureAwait(false);
            retry = retry * 2 < LongestRetry ? retry * 2 : LongestRetry;
        }
    }

    /// <summary>When a certificate of this life is to be renewed; <paramref name="part"/> is 0..1.</summary>
    /// <param name="now">Certificates of an authority outside are not backdated as ours are, but were issued by now.</param>
    internal static DateTimeOffset DueAt(DateTimeOffset notBefore, DateTimeOffset notAfter, DateTimeOffset now, double part)
    {
        // The hour before the issue is not part of its life.
        var issued = notBefore + RootCertificate.Backdate < now ? notBefore + RootCertificate.Backdate : now < notAfter ? now : notBefore;
        return issued + ((notAfter - issued) * (Earliest + ((Latest - Earliest) * part)));
    }

    private DateTimeOffset WantedAt(DateTimeOffset due)
    {
        lock (_wishing)
        {
            if (_soon || (_role is not null && _role != credentials.Identity.Role))
            {
                return DateTimeOffset.MinValue;
            }

            return _root is not null && _root != credentials.Current.Issuer?.Digest && _rootFrom < due ? _rootFrom : due;
        }
    }

    private async Task<bool> TryRenewAsync(CancellationToken cancellation)
    {
        bool soon;
        lock (_wishing)
        {
            (soon, _soon) = (_soon, false);
        }

        try
        {
            using var key = new NodeKey();
            var issued = await renew(new RenewCertificateRequest { Request = key.CreateRequest() }, cancellation).ConfigureAwait(false);
            credentials.Replace(key, issued.Certificate, issued.TrustRoots.Length > 0 ? issued.TrustRoots : null);
            log.Renewed(issued.Role, credentials.Current.NotAfter);
            return true;
        }
        catch (Exception failure) when (failure is RpcFault or CryptographicException or IOException)
        {
            log.NotRenewed(failure.Message, credentials.Current.NotAfter);
            lock (_wishing)
            {
                _soon |= soon;
            }

            return false;
        }
    }

    private void Wish(Action wish)
    {
        lock (_wishing)
        {
            wish();
        }

        _news.Writer.TryWrite(true);
    }

    /// <summary>Until a wish, or until the time is over.</summary>
    private async Task NewsWithinAsync(TimeSpan wait, CancellationToken cancellation)
    {
        // One timer holds at most 49 days.
        using var over = new CancellationTokenSource(wait < TimeSpan.FromDays(1) ? wait : TimeSpan.FromDays(1), time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation, over.Token);
        try
        {
            await _news.Reader.ReadAsync(ends.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The time is over.
        }
    }

    private DateTimeOffset Due() => DueAt(credentials.Current.NotBefore, credentials.Current.NotAfter, time.GetUtcNow(), NextPart());

    private double NextPart()
    {
        lock (random)
        {
            return random.NextDouble();
        }
    }
}
