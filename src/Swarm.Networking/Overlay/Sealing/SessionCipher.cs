using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Swarm.Networking.Overlay.Sealing;

/// <summary>Seals and opens the datagrams of one session. One thread at a time.</summary>
internal sealed class SessionCipher : IDisposable
{
    private const int KeyBytes = 32, NonceBytes = 12;

    private readonly AesGcm cipher;

    /// <param name="secret">The network's key.</param>
    public SessionCipher(ReadOnlySpan<byte> secret, int vni, long keyNumber, UInt128 session)
    {
        Span<byte> salt = stackalloc byte[SealedFormat.SessionBytes], key = stackalloc byte[KeyBytes];
        BinaryPrimitives.WriteUInt128BigEndian(salt, session);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, key, salt, Encoding.ASCII.GetBytes($"swarm overlay {SealedFormat.Version} {vni} {keyNumber}"));
        cipher = new AesGcm(key, SealedFormat.TagBytes);
        CryptographicOperations.ZeroMemory(key);
    }

    /// <param name="datagram">With its header; the packet follows it, and there is room for the tag behind.</param>
    /// <param name="length">Bytes of the packet.</param>
    public void Seal(Span<byte> datagram, int length)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        Nonce(datagram, nonce);
        var packet = datagram.Slice(SealedFormat.HeaderBytes, length);
        cipher.Encrypt(nonce, packet, packet, datagram.Slice(SealedFormat.HeaderBytes + length, SealedFormat.TagBytes), datagram[..SealedFormat.HeaderBytes]);
    }

    /// <summary>Leaves the packet in place of what was encrypted.</summary>
    /// <returns>False: nobody with the key made it.</returns>
    public bool Open(Span<byte> datagram, Span<byte> packet)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        Nonce(datagram, nonce);
        try
        {
            cipher.Decrypt(nonce, datagram[SealedFormat.HeaderBytes..^SealedFormat.TagBytes], datagram[^SealedFormat.TagBytes..], packet, datagram[..SealedFormat.HeaderBytes]);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public void Dispose() => cipher.Dispose();

    private static void Nonce(ReadOnlySpan<byte> datagram, Span<byte> nonce)
    {
        nonce[..4].Clear();
        datagram.Slice(SealedFormat.CounterAt, sizeof(ulong)).CopyTo(nonce[4..]);
    }
}
