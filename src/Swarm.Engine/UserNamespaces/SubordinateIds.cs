using System.Collections.Immutable;
using System.Globalization;

namespace Swarm.Engine.UserNamespaces;

/// <summary>The ids that an administrator gave to a user for containers: subuid(5) and subgid(5), of the user that `--userns-remap` names.</summary>
/// <param name="folder">/etc, but for tests.</param>
public sealed class SubordinateIds(string folder)
{
    /// <summary>Whom "default" stands for.</summary>
    public const string DefaultUser = "dockremap";

    /// <summary>A kernel takes this many lines (user_namespaces(7)).</summary>
    private const int MaximumRanges = 340;

    /// <summary>The user is there.</summary>
    public bool Knows(string user) => Entry("passwd", user) is not null;

    /// <summary>user, uid, user:group or uid:gid. The group only has to exist: the ranges of both files are the user's, as in Docker.</summary>
    /// <exception cref="EngineException">400: no such user or group, or nothing is given to it.</exception>
    public IdMap Of(string specification)
    {
        var parts = specification.Split(':');
        if (parts.Length > 2 || parts.Any(part => part.Length == 0))
        {
            throw EngineException.BadRequest($"invalid user/group specification in userns-remap: \"{specification}\"");
        }

        var name = parts[0] == "default" ? DefaultUser : parts[0];
        var user = Entry("passwd", name) ?? throw EngineException.BadRequest(IsNumber(name) ? $"uid {name} has no entry in /etc/passwd" : $"user {name} of userns-remap has no entry in /etc/passwd");
        var group = parts.Length == 2 ? parts[1] : name;
        if (Entry("group", group) is null)
        {
            throw EngineException.BadRequest(IsNumber(group) ? $"gid {group} has no entry in /etc/group" : $"group {group} of userns-remap has no entry in /etc/group");
        }

        return new IdMap(Ranges("subuid", user), Ranges("subgid", user));
    }

    /// <summary>The line of a user or a group, found by name or number.</summary>
    private string[]? Entry(string file, string nameOrId) =>
        Lines(file).Select(line => line.Split(':')).FirstOrDefault(fields => fields.Length >= 3 && fields[IsNumber(nameOrId) ? 2 : 0] == nameOrId);

    private ImmutableArray<IdRange> Ranges(string file, string[] user)
    {
        var ranges = ImmutableArray.CreateBuilder<IdRange>();
        uint inside = 0;
        foreach (var fields in Lines(file).Select(line => line.Split(':')).Where(fields => fields[0] == user[0] || fields[0] == user[2]))
        {
            if (fields.Length != 3 || !TryNumber(fields[1], out var first) || !TryNumber(fields[2], out var count) || count == 0 || first > uint.MaxValue - count || inside > uint.MaxValue - count)
            {
                throw EngineException.BadRequest($"/etc/{file}: \"{string.Join(':', fields)}\" is not USER:FIRST:COUNT");
            }

            ranges.Add(new IdRange(inside, first, count));
            inside += count;
        }

        return ranges.Count is > 0 and <= MaximumRanges
            ? ranges.ToImmutable()
            : throw EngineException.BadRequest(ranges.Count == 0
                ? $"no {file} ranges found for user \"{user[0]}\": add a line such as {user[0]}:100000:65536 to /etc/{file}"
                : $"/etc/{file} has more than {MaximumRanges} ranges for user \"{user[0]}\"");
    }

    private IEnumerable<string> Lines(string file)
    {
        var path = Path.Combine(folder, file);
        return File.Exists(path) ? File.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#') : [];
    }

    private static bool IsNumber(string text) => TryNumber(text, out _);

    private static bool TryNumber(string text, out uint number) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
