namespace Swarm.Model;

/// <summary>
/// Object ids as Docker's swarm prints them: 25 characters of base 36, from 128 random bits.
/// </summary>
public static class Ids
{
    public const int Length = 25;
    private const string Digits = "0123456789abcdefghijklmnopqrstuvwxyz";

    /// <summary>It looks like one of ours.</summary>
    public static bool IsValid(string id) => id.Length == Length && id.All(Digits.Contains);

    /// <summary>A new id drawn from <paramref name="random"/>, which the simulator seeds.</summary>
    public static string New(Random random)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        var value = new UInt128(BitConverter.ToUInt64(bytes), BitConverter.ToUInt64(bytes[8..]));
        return string.Create(Length, value, static (chars, v) =>
        {
            for (var i = chars.Length - 1; i >= 0; i--)
            {
                (v, var digit) = UInt128.DivRem(v, 36);
                chars[i] = Digits[(int)digit];
            }
        });
    }
}
