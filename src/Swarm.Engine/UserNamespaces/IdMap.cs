using System.Collections.Immutable;
using System.Globalization;

namespace Swarm.Engine.UserNamespaces;

/// <summary>Ids from <paramref name="Inside"/> on are, in a container, what from <paramref name="Outside"/> on they are on the host.</summary>
/// <param name="Count">At least one.</param>
public readonly record struct IdRange(uint Inside, uint Outside, uint Count);

/// <summary>
/// Who a container's users and groups are on the host (user_namespaces(7)). Files of images and containers lie on disk with the host's ids, so that
/// nothing has to be translated while a container runs; archives have the container's.
/// </summary>
public sealed record IdMap(ImmutableArray<IdRange> Uids, ImmutableArray<IdRange> Gids)
{
    /// <summary>What the kernel shows for an id that a namespace does not have (/proc/sys/kernel/overflowuid).</summary>
    private const uint Nobody = 65534;

    /// <summary>Containers' ids are the host's.</summary>
    public static IdMap None { get; } = new([], []);

    public bool IsNone => Uids.IsEmpty;

    /// <summary>Who is root in a container.</summary>
    public (uint Uid, uint Gid) Root => IsNone ? (0, 0) : ToHost(0, 0);

    /// <summary>As /proc/PID/uid_map takes it.</summary>
    public string UidText => Text(Uids);

    /// <inheritdoc cref="UidText"/>
    public string GidText => Text(Gids);

    /// <exception cref="InvalidDataException">No container can have this id.</exception>
    public (uint Uid, uint Gid) ToHost(uint uid, uint gid) => IsNone ? (uid, gid) : (Outside(Uids, uid, "user"), Outside(Gids, gid, "group"));

    /// <summary>What is foreign to the namespace belongs to nobody there.</summary>
    public (uint Uid, uint Gid) ToContainer(uint uid, uint gid) => IsNone ? (uid, gid) : (Inside(Uids, uid), Inside(Gids, gid));

    private static uint Outside(ImmutableArray<IdRange> ranges, uint id, string kind)
    {
        foreach (var range in ranges)
        {
            if (id >= range.Inside && id - range.Inside < range.Count)
            {
                return range.Outside + (id - range.Inside);
            }
        }

        throw new InvalidDataException($"{kind} {id} cannot be mapped to a host id: the subordinate ids of userns-remap end before it");
    }

    private static uint Inside(ImmutableArray<IdRange> ranges, uint id)
    {
        foreach (var range in ranges)
        {
            if (id >= range.Outside && id - range.Outside < range.Count)
            {
                return range.Inside + (id - range.Outside);
            }
        }

        return Nobody;
    }

    private static string Text(ImmutableArray<IdRange> ranges) =>
        string.Concat(ranges.Select(range => string.Create(CultureInfo.InvariantCulture, $"{range.Inside} {range.Outside} {range.Count}\n")));
}
