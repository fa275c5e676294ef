using System.Security.Cryptography;
using System.Text;

namespace Swarm.Security;

/// <summary>
/// Key, certificate and trusted roots of this node: on disk, and the current ones for every new handshake. Replaced at run time when the certificate is
/// renewed or the cluster's root changes.
/// </summary>
/// <remarks>
/// Key and certificate are two files, so while one is replaced the key file holds the new key and the old one; whichever certificate a crash leaves,
/// its key is there. Roots are added before the certificate is replaced and dropped after it, so that a crash leaves a certificate that leads to one.
/// </remarks>
public sealed class NodeCredentials
{
    public const string KeyFile = "swarm-node.key";
    public const string CertificateFile = "swarm-node.crt";
    public const string RootFile = "swarm-root-ca.crt";

    private readonly Lock _replacing = new();
    private readonly NodeKeyFile _keys;
    private readonly NodeFolder _folder;
    private volatile NodeCertificate _current;

    private NodeCredentials(NodeFolder folder, NodeKeyFile keys, NodeCertificate current)
    {
        _folder = folder;
        _keys = keys;
        _current = current;
    }

    /// <summary>Raised after <see cref="Current"/> changed, with the new one.</summary>
    public event Action<NodeCertificate>? Replaced;

    public NodeCertificate Current => _current;

    public NodeIdentity Identity => _current.Identity;

    /// <summary>What an earlier run left; null if this node is in no cluster.</summary>
    /// <param name="seal">What seals the key, opened; null: it lies in plain.</param>
    /// <exception cref="CryptographicException">The files do not belong together or are damaged.</exception>
    public static NodeCredentials? Load(NodeFolder folder, NodeLock? seal = null)
    {
        if (folder.Read(CertificateFile) is not { } certificate)
        {
            return null;
        }

        var keys = new NodeKeyFile(folder, seal);
        var candidates = keys.Read();
        if (candidates.IsEmpty || folder.Read(RootFile) is not { } root)
        {
            throw new CryptographicException($"{KeyFile} or {RootFile} beside {CertificateFile} is missing or cannot be opened");
        }

        var certificatePem = Encoding.UTF8.GetString(certificate);
        CryptographicException? mismatch = null;
        foreach (var key in candidates)
        {
            try
            {
                return new NodeCredentials(folder, keys, NodeCertificate.Create(certificatePem, NodeKeyFile.ToPem(key), Encoding.UTF8.GetString(root)));
            }
            catch (CryptographicException failure)
            {
                mismatch = failure;
            }
        }

        throw new CryptographicException($"no key of {KeyFile} opens {CertificateFile}: {mismatch?.Message}", mismatch!);
    }

    /// <summary>Makes the first credentials of this node durable.</summary>
    /// <param name="certificatePem">The certificate and any intermediates.</param>
    /// <param name="rootPem">The roots to trust.</param>
    /// <param name="seal">Seals the key; null: it lies in plain.</param>
    /// <exception cref="CryptographicException">Key, certificate and root do not belong together; nothing was written.</exception>
    public static NodeCredentials Install(NodeFolder folder, NodeKey key, string certificatePem, string rootPem, NodeLock? seal = null)
    {
        var certificate = NodeCertificate.Create(certificatePem, key.ExportPem(), rootPem);
        var credentials = new NodeCredentials(folder, new NodeKeyFile(folder, seal), certificate);
        credentials.Write(key, certificate, certificate.Trust);
        return credentials;
    }

    /// <summary>Replaces key, certificate and, where given, the trusted roots: on disk and then for every new handshake.</summary>
    /// <param name="rootPem">Null: the roots stay.</param>
    /// <exception cref="CryptographicException">They do not belong together, or name another node; nothing was written.</exception>
    public void Replace(NodeKey key, string certificatePem, string? rootPem = null)
    {
        NodeCertificate renewed;
        lock (_replacing)
        {
            renewed = NodeCertificate.Create(certificatePem, key.ExportPem(), rootPem ?? _current.Trust.Pem);
            if (renewed.Identity with { Role = _current.Identity.Role } != _current.Identity)
            {
                throw new CryptographicException("the renewed certificate names another node or cluster");
            }

            Write(key, renewed, _current.Trust);
            _current = renewed;
        }

        Replaced?.Invoke(renewed);
    }

    /// <summary>Trusts these roots from now on, and no others. False, and nothing changes, if the present certificate would not lead to one of them.</summary>
    /// <exception cref="CryptographicException">The text holds no roots.</exception>
    public bool TryTrust(string rootPem)
    {
        NodeCertificate changed;
        lock (_replacing)
        {
            if (TrustRoots.Parse(rootPem).Pem == _current.Trust.Pem)
            {
                return true;
            }

            try
            {
                changed = NodeCertificate.Create(_current.Pem, NodeKeyFile.ToPem(_current.ExportKey()), rootPem);
            }
            catch (CryptographicException)
            {
                return false;
            }

            WriteRoots(changed.Trust);
            _current = changed;
        }

        Replaced?.Invoke(changed);
        return true;
    }

    /// <summary>Seals the key under the lock's present key; durable when this returns.</summary>
    public void Reseal()
    {
        lock (_replacing)
        {
            _keys.Write([_current.ExportKey()]);
        }
    }

    private void Write(NodeKey key, NodeCertificate certificate, TrustRoots former)
    {
        WriteRoots(TrustRoots.Parse(certificate.Trust.Pem + former.Pem));
        _keys.Write([key.Export(), .. _keys.Read()]);
        _folder.Write(CertificateFile, Encoding.UTF8.GetBytes(certificate.Pem));
        _keys.Write([key.Export()]);
        if (former.Pem != certificate.Trust.Pem)
        {
            WriteRoots(certificate.Trust);
        }
    }

    private void WriteRoots(TrustRoots roots) => _folder.Write(RootFile, Encoding.UTF8.GetBytes(roots.Pem));
}
