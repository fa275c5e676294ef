using System.Security.Cryptography;
using System.Text;

namespace Swarm.Security;

/// <summary>
/// Key, certificate and root of this node: on disk, and the current ones for every new handshake. Replaced at run time when the certificate is renewed.
/// </summary>
/// <remarks>
/// Key and certificate are two files, so while one is replaced the key file holds the new key and the old one; whichever certificate a crash leaves,
/// its key is there.
/// </remarks>
public sealed class NodeCredentials
{
    public const string KeyFile = "swarm-node.key";
    public const string CertificateFile = "swarm-node.crt";
    public const string RootFile = "swarm-root-ca.crt";
    private const string KeyEnd = "-----END PRIVATE KEY-----";

    private readonly Lock _replacing = new();
    private readonly NodeFolder _folder;
    private volatile NodeCertificate _current;

    private NodeCredentials(NodeFolder folder, NodeCertificate current)
    {
        _folder = folder;
        _current = current;
    }

    /// <summary>Raised after <see cref="Current"/> changed, with the new one.</summary>
    public event Action<NodeCertificate>? Replaced;

    public NodeCertificate Current => _current;

    public NodeIdentity Identity => _current.Identity;

    /// <summary>What an earlier run left; null if this node is in no cluster.</summary>
    /// <exception cref="CryptographicException">The files do not belong together or are damaged.</exception>
    public static NodeCredentials? Load(NodeFolder folder)
    {
        if (folder.Read(CertificateFile) is not { } certificate)
        {
            return null;
        }

        if (folder.Read(KeyFile) is not { } keys || folder.Read(RootFile) is not { } root)
        {
            throw new CryptographicException($"{KeyFile} or {RootFile} is missing beside {CertificateFile}");
        }

        var certificatePem = Encoding.UTF8.GetString(certificate);
        CryptographicException? mismatch = null;
        foreach (var key in Encoding.UTF8.GetString(keys).Split(KeyEnd, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            try
            {
                return new NodeCredentials(folder, NodeCertificate.Create(certificatePem, key + "\n" + KeyEnd + "\n", Encoding.UTF8.GetString(root)));
            }
            catch (CryptographicException failure)
            {
                mismatch = failure;
            }
        }

        throw new CryptographicException($"no key of {KeyFile} opens {CertificateFile}: {mismatch?.Message}", mismatch!);
    }

    /// <summary>Makes the first credentials of this node durable.</summary>
    /// <exception cref="CryptographicException">Key, certificate and root do not belong together; nothing was written.</exception>
    public static NodeCredentials Install(NodeFolder folder, NodeKey key, string certificatePem, string rootPem)
    {
        var keyPem = key.ExportPem();
        var certificate = NodeCertificate.Create(certificatePem, keyPem, rootPem);
        Write(folder, oldKey: Encoding.UTF8.GetString(folder.Read(KeyFile) ?? []), keyPem, certificatePem, certificate.Root.Pem);
        return new NodeCredentials(folder, certificate);
    }

    /// <summary>Replaces key and certificate, on disk and then for every new handshake. The root stays.</summary>
    /// <exception cref="CryptographicException">Key and certificate do not belong together, or name another node; nothing was written.</exception>
    public void Replace(NodeKey key, string certificatePem)
    {
        NodeCertificate renewed;
        lock (_replacing)
        {
            var keyPem = key.ExportPem();
            renewed = NodeCertificate.Create(certificatePem, keyPem, _current.Root.Pem);
            if (renewed.Identity with { Role = _current.Identity.Role } != _current.Identity)
            {
                throw new CryptographicException("the renewed certificate names another node or cluster");
            }

            Write(_folder, Encoding.UTF8.GetString(_folder.Read(KeyFile) ?? []), keyPem, certificatePem, _current.Root.Pem);
            _current = renewed;
        }

        Replaced?.Invoke(renewed);
    }

    private static void Write(NodeFolder folder, string oldKey, string newKey, string certificate, string root)
    {
        folder.Write(RootFile, Encoding.UTF8.GetBytes(root));
        folder.Write(KeyFile, Encoding.UTF8.GetBytes(newKey + oldKey));
        folder.Write(CertificateFile, Encoding.UTF8.GetBytes(certificate));
        folder.Write(KeyFile, Encoding.UTF8.GetBytes(newKey));
    }
}
