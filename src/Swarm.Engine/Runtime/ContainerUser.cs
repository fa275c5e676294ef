using System.Globalization;
using Swarm.Linux;

namespace Swarm.Engine.Runtime;

/// <summary>Who a container's process is: names are those of the container's own passwd(5) and group(5).</summary>
public static class ContainerUser
{
    private const int MaximumFile = 4 << 20;

    /// <param name="user">Empty (root), user, uid, user:group, uid:gid.</param>
    /// <param name="groups">More groups, by name or number.</param>
    /// <exception cref="EngineException">400: no such user or group.</exception>
    public static OciUser Resolve(string rootfs, string user, IReadOnlyList<string>? groups)
    {
        var parts = user.Split(':', 2);
        var name = parts[0].Length == 0 ? "0" : parts[0];
        var isNumber = TryId(name, out var uid);
        var account = ReadTable(rootfs, "/etc/passwd").FirstOrDefault(f => f.Length >= 4 && (f[0] == name || (isNumber && f[2] == name)));
        if (account is not null && !(isNumber && account[2] != name))
        {
            TryId(account[2], out uid);
        }
        else if (!isNumber)
        {
            throw EngineException.BadRequest($"unable to find user {name}: no matching entries in passwd file");
        }

        var groupTable = ReadTable(rootfs, "/etc/group").Where(f => f.Length >= 3).ToList();
        uint gid = 0;
        if (parts.Length == 2 && parts[1].Length > 0)
        {
            gid = GroupId(groupTable, parts[1]);
        }
        else if (account is not null)
        {
            TryId(account[3], out gid);
        }

        var additional = new SortedSet<uint>();
        if (account is not null && parts.Length == 1)
        {
            foreach (var group in groupTable.Where(f => f.Length >= 4 && f[3].Split(',').Contains(account[0])))
            {
                if (TryId(group[2], out var id))
                {
                    additional.Add(id);
                }
            }
        }

        foreach (var group in groups ?? [])
        {
            additional.Add(GroupId(groupTable, group));
        }

        additional.Add(gid);
        return new OciUser(uid, gid, [.. additional]);
    }

    private static uint GroupId(List<string[]> table, string name)
    {
        var entry = table.FirstOrDefault(f => f[0] == name);
        return TryId(entry?[2] ?? name, out var gid)
            ? gid
            : throw EngineException.BadRequest($"unable to find group {name}: no matching entries in group file");
    }

    private static IEnumerable<string[]> ReadTable(string rootfs, string path) =>
        RootedPath.ReadLines(rootfs, path, MaximumFile).Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(':'));

    private static bool TryId(string text, out uint id) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out id) && id <= int.MaxValue;
}
