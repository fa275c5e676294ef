using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;
using Swarm.Model;

namespace Swarm.Security;

/// <summary>Who a node is, from its certificate alone: CN is the node, OU its role, O the cluster (as SwarmKit writes them).</summary>
public sealed record NodeIdentity(string NodeId, NodeRole Role, string ClusterId)
{
    /// <summary>OU, and a DNS name, of every manager's certificate.</summary>
    public const string ManagerUnit = "swarm-manager";

    /// <summary>OU, and a DNS name, of every worker's certificate.</summary>
    public const string WorkerUnit = "swarm-worker";

    private const string CommonName = "2.5.4.3";
    private const string OrganizationalUnit = "2.5.4.11";
    private const string Organization = "2.5.4.10";

    public static string UnitOf(NodeRole role) => role == NodeRole.Manager ? ManagerUnit : WorkerUnit;

    /// <summary>False for a certificate that names no node: a field is missing or repeated, or the role is none of ours.</summary>
    public static bool TryRead(X509Certificate2 certificate, [NotNullWhen(true)] out NodeIdentity? identity)
    {
        identity = null;
        string? node = null, unit = null, cluster = null;
        foreach (var name in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            if (name.HasMultipleElements)
            {
                return false;
            }

            var repeated = name.GetSingleElementType().Value switch
            {
                CommonName => Take(ref node, name),
                OrganizationalUnit => Take(ref unit, name),
                Organization => Take(ref cluster, name),
                _ => false,
            };
            if (repeated)
            {
                return false;
            }
        }

        NodeRole? role = unit switch { ManagerUnit => NodeRole.Manager, WorkerUnit => NodeRole.Worker, _ => null };
        if (string.IsNullOrEmpty(node) || string.IsNullOrEmpty(cluster) || role is null)
        {
            return false;
        }

        identity = new NodeIdentity(node, role.Value, cluster);
        return true;
    }

    internal X500DistinguishedName ToSubject()
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationName(ClusterId);
        subject.AddOrganizationalUnitName(UnitOf(Role));
        subject.AddCommonName(NodeId);
        return subject.Build();
    }

    /// <summary>Whether the field was there before.</summary>
    private static bool Take(ref string? field, X500RelativeDistinguishedName name)
    {
        var repeated = field is not null;
        field = name.GetSingleElementValue();
        return repeated;
    }
}
