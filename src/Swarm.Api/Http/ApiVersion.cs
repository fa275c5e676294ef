using System.Globalization;
using Swarm.Engine;

namespace Swarm.Api.Http;

/// <summary>A version of the Engine API, such as 1.51.</summary>
public readonly record struct ApiVersion(int Major, int Minor) : IComparable<ApiVersion>
{
    public static readonly ApiVersion Current = new(1, 51);

    /// <summary>The oldest that is built.</summary>
    public static readonly ApiVersion Oldest = new(1, 24);

    /// <summary>The oldest that is served: DOCKER_MIN_API_VERSION raises it, for the whole process.</summary>
    public static readonly ApiVersion Minimum =
        Environment.GetEnvironmentVariable("DOCKER_MIN_API_VERSION") is { Length: > 0 } wanted && WrongMinimum(wanted) is null && TryParseSegment("v" + wanted, out var minimum)
            ? minimum
            : Oldest;

    public static bool operator <(ApiVersion left, ApiVersion right) => left.CompareTo(right) < 0;

    public static bool operator >(ApiVersion left, ApiVersion right) => left.CompareTo(right) > 0;

    public static bool operator <=(ApiVersion left, ApiVersion right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ApiVersion left, ApiVersion right) => left.CompareTo(right) >= 0;

    public int CompareTo(ApiVersion other) => (Major, Minor).CompareTo((other.Major, other.Minor));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");

    /// <summary>Why a minimum is none that can be served; null: it is.</summary>
    public static string? WrongMinimum(string text) =>
        text.StartsWith('v') || text.StartsWith('V') ? "API version must be provided without \"v\" prefix"
        : !TryParseSegment("v" + text, out var version) ? $"\"{text}\" is not a version such as {Oldest}"
        : version < Oldest ? $"minimum supported API version is {Oldest}: {text}"
        : version > Current ? $"maximum supported API version is {Current}: {text}"
        : null;

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
