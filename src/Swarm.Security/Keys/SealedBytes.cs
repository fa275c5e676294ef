using System.Security.Cryptography;
using System.Text;

namespace Swarm.Security;

/// <summary>
/// AES-256-GCM: format version, nonce, ciphertext, tag. The cipher's key is derived (HKDF-SHA256) from the secret and the purpose, so that what was
/// sealed for one purpose does not open as another, and is bound to the purpose as associated data.
/// </summary>
internal static class SealedBytes
{
    private const byte Version = 1;
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const int Overhead = 1 + NonceSize + TagSize;

    internal static byte[] Seal(ReadOnlySpan<byte> secret, string purpose, ReadOnlySpan<byte> plain)
    {
        var box = new byte[Overhead + plain.Length];
        box[0] = Version;
        var nonce = box.AsSpan(1, NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = Cipher(secret, purpose);
        cipher.Encrypt(nonce, plain, box.AsSpan(1 + NonceSize, plain.Length), box.AsSpan(box.Length - TagSize), Encoding.UTF8.GetBytes(purpose));
        return box;
    }

    /// <returns>Null: another secret sealed it, for another purpose, or it was changed.</returns>
    internal static byte[]? Open(ReadOnlySpan<byte> secret, string purpose, ReadOnlySpan<byte> box)
    {
        if (box.Length < Overhead || box[0] != Version)
        {
            return null;
        }

        var plain = new byte[box.Length - Overhead];
        using var cipher = Cipher(secret, purpose);
        try
        {
            cipher.Decrypt(box.Slice(1, NonceSize), box.Slice(1 + NonceSize, plain.Length), box[^TagSize..], plain, Encoding.UTF8.GetBytes(purpose));
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private static AesGcm Cipher(ReadOnlySpan<byte> secret, string purpose)
    {
        Span<byte> key = stackalloc byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, key, salt: [], Encoding.UTF8.GetBytes("swarm " + purpose));
        try
        {
            return new AesGcm(key, TagSize);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
