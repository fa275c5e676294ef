using System.Collections.Immutable;
using System.Text;
using Swarm.Lab.State;

namespace Swarm.Lab.Network;

/// <summary>Who cannot hear whom, and the rules that make it so. Groups are only a way to write many cuts.</summary>
public static class Partition
{
    /// <summary>nft table in each node's namespace; nothing else uses it.</summary>
    public const string Table = "swarm_lab";

    /// <summary>UDP port of the frames between containers: the cluster's default, as labs have it.</summary>
    public const int DataPathPort = 4789;

    /// <summary>Reads `m1,m2 / m3`. Nodes that no group names stay together as one more group, so `m1` alone cuts m1 off.</summary>
    /// <exception cref="LabException">An unknown or repeated node, or no two groups.</exception>
    public static ImmutableArray<ImmutableArray<string>> Parse(LabRecord lab, IEnumerable<string> words)
    {
        var groups = string.Join(' ', words)
            .Split('/', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(group => group.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(name => lab.Node(name).Name).ToImmutableArray())
            .Where(group => group.Length > 0)
            .ToList();
        var named = groups.SelectMany(g => g).ToList();
        if (named.GroupBy(n => n).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new LabException($"node {twice.Key} is in two groups: name each once, as in 'partition m1,m2 / m3'");
        }

        var rest = lab.Nodes.Select(n => n.Name).Except(named).ToImmutableArray();
        if (rest.Length > 0)
        {
            groups.Add(rest);
        }

        return groups.Count >= 2
            ? [.. groups]
            : throw new LabException("a partition needs two groups: as in 'partition m1,m2 / m3', or 'partition m1' to cut one node off");
    }

    /// <summary>The cuts that a partition is made of: both ways between every two groups. A node added later is in no group, and hears all.</summary>
    public static ImmutableArray<Cut> Cuts(ImmutableArray<ImmutableArray<string>> groups) =>
        [.. from own in groups from other in groups where own != other from a in own from b in other select new Cut(a, b)];

    /// <summary>Names of the nodes that <paramref name="node"/> cannot hear on a path.</summary>
    public static IEnumerable<string> Unheard(LabRecord lab, string node, CutPath path = CutPath.All) =>
        lab.Cuts.Where(c => c.To == node && c.Path == path).Select(c => c.From);

    /// <summary>
    /// nft input for one node; each is one transaction. What comes in is dropped, at the receiver alone: a drop on the way out would tell the
    /// sender (EPERM), which a broken cable does not.
    /// </summary>
    public static string Rules(LabRecord lab, string node)
    {
        var rules = new StringBuilder();
        rules.Append("table ip ").Append(Table).Append(" {}\ndelete table ip ").Append(Table).Append('\n');
        var unheard = Enum.GetValues<CutPath>().Select(path => (Path: path, From: Unheard(lab, node, path).ToList())).Where(cut => cut.From.Count > 0).ToList();
        var losses = Loss.Arriving(lab, node).ToList();
        if (unheard.Count + losses.Count == 0)
        {
            return rules.ToString();
        }

        rules.Append("table ip ").Append(Table).Append(" {\n  chain prerouting {\n    type filter hook prerouting priority -400; policy accept;\n");
        foreach (var (path, senders) in unheard)
        {
            foreach (var match in Matches(path))
            {
                From(senders).Append(match).Append(" drop\n");
            }
        }

        foreach (var (parts, senders) in losses)
        {
            From(senders).Append(" numgen random mod ").Append(Loss.Scale).Append(" < ").Append(parts).Append(" drop\n");
        }

        return rules.Append("  }\n}\n").ToString();

        static string[] Matches(CutPath path) => path switch
        {
            CutPath.Data => [$" udp dport {DataPathPort}"],
            CutPath.Control => [$" udp dport != {DataPathPort}", " meta l4proto != udp"],
            _ => [""],
        };

        StringBuilder From(IEnumerable<string> names) => rules.Append("    ip saddr { ")
            .AppendJoin(", ", names.Select(name => AddressPlan.Node(lab, lab.Node(name)))).Append(" }");
    }
}
