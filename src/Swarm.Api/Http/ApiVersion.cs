using System.Globalization;
using Swarm.Engine;

namespace Swarm.Api.Http;

/// <summary>A version of the Engine API, such as 1.51.</summary>
public readonly record struct ApiVersion(int Major, int Minor) : IComparable<ApiVersion>
{
    public static readonly ApiVersion Current = new(1, 51);
    public static readonly ApiVersion Minimum = new(1, 24);

    public static bool operator <(ApiVersion left, ApiVersion right) => left.CompareTo(right) < 0;

    public static bool operator >(ApiVersion left, ApiVersion right) => left.CompareTo(right) > 0;

    public static bool operator <=(ApiVersion left, ApiVersion right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ApiVersion left, ApiVersion right) => left.CompareTo(right) >= 0;

    public int CompareTo(ApiVersion other) => (Major, Minor).CompareTo((other.Major, other.Minor));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");

    /// <summary>The version of a path's first segment (`v1.43`); false if the segment is something else.</summary>
    internal static bool TryParseSegment(ReadOnlySpan<char> segment, out ApiVersion version)
    {
        version = default;
        if (segment is not ['v', .. var digits] || digits.IndexOf('.') is not (> 0 and var dot)
            || !int.TryParse(digits[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out var major)
            || !int.TryParse(digits[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var minor))
        {
            return false;
        }

        version = new ApiVersion(major, minor);
        return true;
    }

    /// <exception cref="EngineException">400: this daemon does not speak it.</exception>
    internal void EnsureSupported()
    {
        if (this > Current)
        {
            throw EngineException.BadRequest($"client version {this} is too new. Maximum supported API version is {Current}");
        }

        if (this < Minimum)
        {
            throw EngineException.BadRequest($"client version {this} is too old. Minimum supported API version is {Minimum}, please upgrade your client to a newer version");
        }
    }
}
