using System.Globalization;
using System.Text.Json.Serialization;
using Swarm.Engine.Archives;

namespace Swarm.Engine.Files;

/// <summary>What the header X-Docker-Container-Path-Stat carries, base64 of JSON.</summary>
public sealed record PathStat
{
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    [JsonPropertyName("size")]
    public long Size { get; init; }

    /// <summary>Go's os.FileMode: permissions below, kind and set-id bits from the top.</summary>
    [JsonPropertyName("mode")]
    public uint Mode { get; init; }

    [JsonPropertyName("mtime")]
    public required string Modified { get; init; }

    /// <summary>Where a symbolic link leads in the container.</summary>
    [JsonPropertyName("linkTarget")]
    public required string LinkTarget { get; init; }

    internal static PathStat Of(string name, in DirectoryCalls.Stat stat, string linkTarget) => new()
    {
        Name = name,
        Size = (long)stat.Size,
        Mode = GoMode(stat.Mode),
        Modified = Time(stat.Modified),
        LinkTarget = linkTarget,
    };

    internal static uint GoMode(int mode)
    {
        const uint directory = 1u << 31, symbolicLink = 1u << 27, device = 1u << 26, pipe = 1u << 25, socket = 1u << 24;
        const uint setUser = 1u << 23, setGroup = 1u << 22, characterDevice = 1u << 21, sticky = 1u << 20;
        const int socketKind = 0xC000, setUserBit = 0x800, setGroupBit = 0x400, stickyBit = 0x200, permissions = 0x1FF;
        var kind = (mode & DirectoryCalls.S_IFMT) switch
        {
            DirectoryCalls.S_IFDIR => directory,
            DirectoryCalls.S_IFLNK => symbolicLink,
            DirectoryCalls.S_IFBLK => device,
            DirectoryCalls.S_IFCHR => device | characterDevice,
            DirectoryCalls.S_IFIFO => pipe,
            socketKind => socket,
            _ => 0u,
        };
        return kind | (uint)(mode & permissions)
            | ((mode & setUserBit) != 0 ? setUser : 0) | ((mode & setGroupBit) != 0 ? setGroup : 0) | ((mode & stickyBit) != 0 ? sticky : 0);
    }

    private static string Time(DirectoryCalls.StatxTime time)
    {
        // Nothing that a container writes as a time may fail here: what is beyond .NET's calendar is its end.
        var seconds = Math.Clamp(time.Seconds, DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        var text = DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture);
        var fraction = time.Nanoseconds.ToString("D9", CultureInfo.InvariantCulture).TrimEnd('0');
        return fraction.Length > 0 ? $"{text}.{fraction}Z" : text + "Z";
    }
}
