using System.Globalization;
using System.Security.Cryptography.X509Certificates;

namespace Swarm.Security;

/// <summary>
/// The store's index at which the decision to issue a certificate was read, as one of the certificate's DNS names. Between a certificate and a record of
/// the same node it says which is newer, without a clock: a manager's certificate that is older than the record of its demotion is void.
/// </summary>
public static class StoreIndexName
{
    private const string Suffix = ".index.swarm";

    internal static string Write(long index) => index.ToString(CultureInfo.InvariantCulture) + Suffix;

    /// <summary>0 for a certificate without one: issued before anything was in the store, or by an older version.</summary>
    public static long Read(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(extension => extension.EnumerateDnsNames());
        foreach (var name in names)
        {
            if (name.EndsWith(Suffix, StringComparison.Ordinal) && long.TryParse(name.AsSpan(0, name.Length - Suffix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            {
                return index;
            }
        }

        return 0;
    }
}
