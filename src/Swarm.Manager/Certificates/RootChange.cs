using System.Security.Cryptography;
using Swarm.Manager.Control;
using Swarm.Model;
using Swarm.Security;

namespace Swarm.Manager.Certificates;

/// <summary>A root that the user brings, PEM. Empty: none.</summary>
/// <param name="Key">Empty: an external authority holds it.</param>
public sealed record BroughtRoot(string Certificate, string Key)
{
    public static readonly BroughtRoot None = new("", "");

    public override string ToString() => nameof(BroughtRoot);
}

/// <summary>Decides what an update of the cluster's spec means for its roots: nothing, a rotation's begin, its end or another goal. By SwarmKit's rules.</summary>
public sealed class RootChange(CfsslClient? external, TimeProvider time)
{
    /// <summary>A root that is brought must live at least so long.</summary>
    private static readonly TimeSpan LeastRootLifetime = TimeSpan.FromDays(365);

    /// <exception cref="ControlException">The brought root, or the external authorities, can not be had.</exception>
    internal async Task<RootCa> DecideAsync(RootCa present, ClusterSpec spec, BroughtRoot brought, CancellationToken cancellation)
    {
        EnsureReadable(spec);
        if (brought.Certificate.Length == 0)
        {
            if (brought.Key.Length > 0)
            {
                throw ControlException.Invalid("if a signing CA key is provided, the signing CA cert must also be provided");
            }

            if (spec.ForceRotate == present.LastForcedRotation)
            {
                EnsureSignable(present, spec);
                return present;
            }

            using var made = RootCertificate.Create(time);
            return await BeginAsync(present, spec, made, cancellation).ConfigureAwait(false);
        }

        using var root = Read(brought);
        if (!root.CanIssue && !ClusterRoots.ExternalFor(spec, present, root.Digest).Any())
        {
            throw NoExternal("desired");
        }

        var key = root.CanIssue ? root.ExportKeyPem() : "";
        if (root.Digest == present.Digest)
        {
            // Back to the present root, or only its key comes or goes.
            return present with { Key = key, Rotation = null, LastForcedRotation = spec.ForceRotate };
        }

        return present.Rotation?.Digest == root.Digest
            ? present with { Rotation = present.Rotation with { Key = key }, LastForcedRotation = spec.ForceRotate }
            : await BeginAsync(present, spec, root, cancellation).ConfigureAwait(false);
    }

    private async Task<RootCa> BeginAsync(RootCa present, ClusterSpec spec, RootCertificate successor, CancellationToken cancellation)
    {
        using var root = RootCertificate.Parse(present.Certificate, present.Key);
        if (!successor.IsDistinctFrom(root))
        {
            throw ControlException.Invalid("the desired CA certificate has the subject of the current one, and one of them has no subject key identifier: nodes could not tell them apart");
        }

        return present with
        {
            Rotation = new RootRotation
            {
                Certificate = successor.Pem,
                Key = successor.CanIssue ? successor.ExportKeyPem() : "",
                Digest = successor.Digest,
                CrossSigned = root.CanIssue ? root.CrossSign(successor, time) : await CrossSignOutsideAsync(present, spec, root, successor, cancellation).ConfigureAwait(false),
            },
            LastForcedRotation = spec.ForceRotate,
        };
    }

    private async Task<string> CrossSignOutsideAsync(RootCa present, ClusterSpec spec, RootCertificate root, RootCertificate successor, CancellationToken cancellation)
    {
        var authorities = ClusterRoots.ExternalFor(spec, present, present.Digest).ToList();
        if (authorities.Count == 0 || external is null)
        {
            throw NoExternal("current");
        }

        if (!successor.CanIssue)
        {
            throw ControlException.Invalid("neither the current nor the desired CA's key is known here, so the one can not vouch for the other: rotate to a CA with a key first");
        }

        try
        {
            return await external.CrossSignAsync(authorities, root, successor, cancellation).ConfigureAwait(false);
        }
        catch (ExternalCaException refused)
        {
            throw ControlException.Invalid($"the external CA of the current root could not cross-sign the new one: {refused.Message}");
        }
    }

    /// <summary>Whoever signs now must still be able to with the new spec.</summary>
    private static void EnsureSignable(RootCa present, ClusterSpec spec)
    {
        if (present.Key.Length == 0 && !ClusterRoots.ExternalFor(spec, present, present.Digest).Any())
        {
            throw NoExternal("current");
        }

        if (present.Rotation is { Key.Length: 0 } rotation && !ClusterRoots.ExternalFor(spec, present, rotation.Digest).Any())
        {
            throw NoExternal("next");
        }
    }

    private static void EnsureReadable(ClusterSpec spec)
    {
        foreach (var authority in spec.ExternalCas)
        {
            if (!Uri.TryCreate(authority.Url, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttps)
            {
                throw ControlException.Invalid($"the external CA's URL \"{authority.Url}\" is no https URL: signing requests are sent over https only");
            }

            if (authority.Certificate.Length > 0)
            {
                using var certificate = Parse(authority.Certificate, "", $"the CA certificate of the external CA {authority.Url}");
            }
        }
    }

    private RootCertificate Read(BroughtRoot brought)
    {
        const string what = "the desired CA certificate";
        if (brought.Certificate.Split("-----BEGIN CERTIFICATE-----").Length > 2)
        {
            throw ControlException.Invalid("the desired CA certificate cannot contain multiple certificates");
        }

        var root = Parse(brought.Certificate, brought.Key, what);
        if (root.Certificate.NotAfter.ToUniversalTime() < (time.GetUtcNow() + LeastRootLifetime).UtcDateTime)
        {
            root.Dispose();
            throw ControlException.Invalid("CA certificate expires too soon");
        }

        return root;
    }

    private static RootCertificate Parse(string certificate, string key, string what)
    {
        try
        {
            return RootCertificate.Parse(certificate, key);
        }
        catch (CryptographicException refused)
        {
            throw ControlException.Invalid($"could not use {what}: {refused.Message}");
        }
    }

    private static ControlException NoExternal(string which) =>
        ControlException.Invalid($"there must be at least one valid, reachable external CA corresponding to the {which} CA certificate");
}
