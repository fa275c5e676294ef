using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Swarm.Security;

/// <summary>
/// What lets a machine join: SWMTKN-1-(sha256 of the root certificate, 50 digits of base 36)-(128 random bits, 25 digits of base 36).
/// The digest lets the machine trust the cluster, the secret lets the cluster trust the machine. The format is Docker's.
/// </summary>
public sealed class JoinToken
{
    /// <summary>Docker's whole answer to a token that it cannot read.</summary>
    public const string InvalidText = "invalid join token";

    private const string Prefix = "SWMTKN-1-";
    private const string DigestPrefix = "sha256:";
    private const int DigestDigits = 50;
    private const int SecretDigits = 25;
    private const int SecretBytes = 16;

    private readonly string _text;

    private JoinToken(string text, string digest)
    {
        _text = text;
        RootDigest = digest;
    }

    /// <summary>sha256:hex of the root certificate that the token vouches for.</summary>
    public string RootDigest { get; }

    /// <summary>A new token for a root; its secret comes from the system's cryptographic source.</summary>
    /// <param name="rootDigest">sha256:hex, as <see cref="RootCertificate.Digest"/>.</param>
    public static JoinToken Generate(string rootDigest)
    {
        if (!rootDigest.StartsWith(DigestPrefix, StringComparison.Ordinal) || rootDigest.Length != DigestPrefix.Length + (SHA256.HashSizeInBytes * 2))
        {
            throw new ArgumentException("not a sha256 digest", nameof(rootDigest));
        }

        Span<byte> secret = stackalloc byte[SecretBytes];
        RandomNumberGenerator.Fill(secret);
        var digest = Convert.FromHexString(rootDigest.AsSpan(DigestPrefix.Length));
        return new JoinToken($"{Prefix}{Base36.Write(digest, DigestDigits)}-{Base36.Write(secret, SecretDigits)}", rootDigest);
    }

    /// <summary>False, with Docker's text in <paramref name="error"/>, for anything that is no token.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out JoinToken? token, [NotNullWhen(false)] out string? error)
    {
        token = null;
        error = InvalidText;
        var parts = text.Split('-');
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || parts.Length != 4 || parts[2].Length != DigestDigits || parts[3].Length != SecretDigits)
        {
            return false;
        }

        if (Base36.Read(parts[2]) is not { } digest || Base36.Read(parts[3]) is null || digest.GetByteCount(isUnsigned: true) > SHA256.HashSizeInBytes)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[SHA256.HashSizeInBytes];
        bytes.Clear();
        digest.TryWriteBytes(bytes[^digest.GetByteCount(isUnsigned: true)..], out _, isUnsigned: true, isBigEndian: true);
        token = new JoinToken(text, DigestPrefix + Convert.ToHexStringLower(bytes));
        error = null;
        return true;
    }

    /// <summary>Compares in a time that does not depend on where two tokens of the same length differ.</summary>
    public static bool Matches(string expected, string given) =>
        expected.Length > 0 && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(given));

    /// <summary>The token itself, for the cluster's record and the join command.</summary>
    public string Reveal() => _text;

    /// <summary>Without the secret: safe in a log.</summary>
    public override string ToString() => $"{Prefix}(root {RootDigest})";
}
