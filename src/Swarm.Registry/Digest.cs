using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Swarm.Registry;

/// <summary>
/// Name of a blob by its content (OCI image-spec, descriptor.md, "Digests"): sha256 only. Being checked on the way in, it is safe as a
/// file name.
/// </summary>
public readonly record struct Digest
{
    private const string Prefix = "sha256:";
    private const int HexLength = 64;

    private readonly string? _hex;

    private Digest(string hex) => _hex = hex;

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public string Hex => _hex ?? throw new InvalidOperationException("an empty digest");

    public static Digest Of(ReadOnlySpan<byte> content) => FromHash(SHA256.HashData(content));

    public static Digest FromHash(ReadOnlySpan<byte> sha256) => new(Convert.ToHexStringLower(sha256));

    /// <summary>Accepts "sha256:HEX".</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Digest digest)
    {
        digest = default;
        return text is not null && text.StartsWith(Prefix, StringComparison.Ordinal) && TryParseHex(text[Prefix.Length..], out digest);
    }

    public static bool TryParseHex(string hex, out Digest digest)
    {
        var valid = hex.Length == HexLength && hex.AsSpan().IndexOfAnyExcept("0123456789abcdef") < 0;
        digest = valid ? new Digest(hex) : default;
        return valid;
    }

    /// <exception cref="InvalidDataException">Not "sha256:HEX".</exception>
    public static Digest Parse(string? text) =>
        TryParse(text, out var digest) ? digest : throw new InvalidDataException($"\"{text}\" is not a sha256 digest");

    public override string ToString() => Prefix + Hex;
}
