using System.Security.Cryptography;

namespace Swarm.Compose.Deployment;

/// <summary>
/// By what a secret's content is known again, since no engine shows it: salt and a slow digest (PBKDF2, RFC 8018), so that who may list secrets cannot
/// guess a short one from its label.
/// </summary>
public static class ContentMark
{
    /// <summary>A tenth of a second or so; a stack has few secrets.</summary>
    private const int Iterations = 200_000;

    private const int SaltBytes = 16, DigestBytes = 32;

    public static string Of(ReadOnlySpan<byte> content)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return $"{Convert.ToHexStringLower(salt)}.{Convert.ToHexStringLower(Digest(content, salt))}";
    }

    /// <summary>False also for what is no mark.</summary>
    public static bool Fits(string? mark, ReadOnlySpan<byte> content)
    {
        if (mark?.Split('.') is not [{ Length: SaltBytes * 2 } salt, { Length: DigestBytes * 2 } digest] || !(salt + digest).All(char.IsAsciiHexDigit))
        {
            return false;
        }

        return CryptographicOperations.FixedTimeEquals(Digest(content, Convert.FromHexString(salt)), Convert.FromHexString(digest));
    }

    private static byte[] Digest(ReadOnlySpan<byte> content, byte[] salt) => Rfc2898DeriveBytes.Pbkdf2(content, salt, Iterations, HashAlgorithmName.SHA256, DigestBytes);
}
