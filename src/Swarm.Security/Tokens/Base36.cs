using System.Numerics;

namespace Swarm.Security;

/// <summary>Numbers in the digits of Docker's tokens and ids: 0-9, a-z, of a fixed width.</summary>
internal static class Base36
{
    private const string Digits = "0123456789abcdefghijklmnopqrstuvwxyz";

    internal static string Write(ReadOnlySpan<byte> bigEndian, int width)
    {
        var value = new BigInteger(bigEndian, isUnsigned: true, isBigEndian: true);
        Span<char> chars = stackalloc char[width];
        for (var i = width - 1; i >= 0; i--)
        {
            value = BigInteger.DivRem(value, Digits.Length, out var digit);
            chars[i] = Digits[(int)digit];
        }

        return new string(chars);
    }

    /// <returns>Null if a character is no digit.</returns>
    internal static BigInteger? Read(string digits)
    {
        var value = BigInteger.Zero;
        foreach (var c in digits)
        {
            var digit = Digits.IndexOf(c, StringComparison.Ordinal);
            if (digit < 0)
            {
                return null;
            }

            value = (value * Digits.Length) + digit;
        }

        return value;
    }
}
