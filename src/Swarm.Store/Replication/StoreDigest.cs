using System.Security.Cryptography;

namespace Swarm.Store.Replication;

/// <summary>The whole store as one number: managers whose views stand at one index and differ here have diverged.</summary>
public static class StoreDigest
{
    /// <summary>SHA-256 of the view as a snapshot holds it (records by table and id, with the index), in hexadecimal.</summary>
    public static string Of(StoreView view)
    {
        using var hash = SHA256.Create();
        using (var stream = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write))
        {
            StoreSnapshot.Write(view, stream);
        }

        return Convert.ToHexStringLower(hash.Hash!);
    }
}
