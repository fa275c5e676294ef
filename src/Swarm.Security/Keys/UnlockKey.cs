using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Swarm.Security;

/// <summary>
/// What opens a locked manager: SWMKEY-1-(256 random bits, base64 without padding). The format is Docker's. The cluster's record holds it, the user keeps
/// it; on a locked manager's disk it is nowhere.
/// </summary>
public sealed class UnlockKey
{
    /// <summary>Docker's answer to a text that is no key.</summary>
    public const string InvalidText = "invalid key string";

    private const string Prefix = "SWMKEY-1-";
    private const int Size = 32;

    private readonly byte[] _key;

    private UnlockKey(byte[] key) => _key = key;

    internal ReadOnlySpan<byte> Bytes => _key;

    public static UnlockKey Generate() => new(RandomNumberGenerator.GetBytes(Size));

    public static bool TryParse(string? text, [NotNullWhen(true)] out UnlockKey? key)
    {
        key = null;
        if (text is null || !text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        var digits = text.AsSpan(Prefix.Length);
        var bytes = new byte[Size];
        // 43 digits and one of padding, which Docker leaves out, make 32 bytes.
        if (digits.Length != 43 || !Convert.TryFromBase64String(string.Concat(digits, "="), bytes, out var written) || written != Size)
        {
            return false;
        }

        key = new UnlockKey(bytes);
        return true;
    }

    public bool IsSame(UnlockKey? other) => other is not null && CryptographicOperations.FixedTimeEquals(_key, other._key);

    /// <summary>The key itself, for the cluster's record and its owner.</summary>
    public string Reveal() => Prefix + Convert.ToBase64String(_key).TrimEnd('=');

    public override string ToString() => nameof(UnlockKey);
}
