using Swarm.Compose.Tree;

namespace Swarm.Compose.Loading;

/// <summary>Brings a service to one form, so that files can be merged: short forms become long ones, paths absolute.</summary>
internal static class CanonicalService
{
    private static readonly string[] Mappings = ["environment", "labels", "annotations", "sysctls"];
    private static readonly string[] Lists = ["tmpfs", "dns", "dns_search", "dns_opt", "env_file", "label_file"];

    /// <param name="folder">Against which relative paths are read.</param>
    internal static ComposeMap Of(ComposeMap service, string folder, string path)
    {
        foreach (var key in Mappings)
        {
            service = Change(service, key, value => Pairs(value, '='));
        }

        foreach (var key in Lists)
        {
            service = Change(service, key, value => value is ComposeScalar { IsNull: false } one ? new ComposeList([one], one.At) : value);
        }

        service = Change(service, "extra_hosts", Hosts);
        service = Change(service, "env_file", value => Items(value, item => EnvironmentFile(item, folder)));
        service = Change(service, "label_file", value => Items(value, item => item is ComposeScalar file ? file with { Text = ComposePaths.Absolute(folder, file.Text) } : item));
        service = Change(service, "depends_on", value => Names(value, at => Map(at, ("condition", "service_started"))));
        service = Change(service, "networks", value => Names(value, at => new ComposeScalar("", IsQuoted: false, at)));
        service = Change(service, "ports", value => Each(value, item => item is ComposeScalar port ? ShortPort.Read(port.Text, port.At) : [item], $"{path}.ports"));
        service = Change(service, "volumes", value => Each(value, item => [Volume(item, folder)], $"{path}.volumes"));
        service = Change(service, "secrets", value => Items(value, FileReference));
        service = Change(service, "configs", value => Items(value, FileReference));
        service = Change(service, "deploy", value => value is ComposeMap deploy ? Change(deploy, "labels", labels => Pairs(labels, '=')) : value);
        return Change(service, "healthcheck", value => value is ComposeMap check ? Change(check, "test", Test) : value);
    }

    private static ComposeMap Change(ComposeMap map, string key, Func<ComposeValue, ComposeValue> change) =>
        map[key] is { Tag: not MergeTag.Reset } value ? map.With(key, change(value) with { Tag = value.Tag }) : map;

    /// <summary>A list of NAME=value as a map; a name alone has the value null.</summary>
    private static ComposeValue Pairs(ComposeValue value, char sign)
    {
        if (value is not ComposeList list)
        {
            return value;
        }

        var pairs = new OrderedDictionary<string, ComposeValue>(StringComparer.Ordinal);
        foreach (var scalar in list.Items.OfType<ComposeScalar>())
        {
            var at = scalar.Text.IndexOf(sign, StringComparison.Ordinal);
            pairs[at < 0 ? scalar.Text : scalar.Text[..at]] = at < 0 ? new ComposeScalar("", IsQuoted: false, scalar.At) : scalar with { Text = scalar.Text[(at + 1)..], IsQuoted = true };
        }

        return pairs.Count == 0 && list.Items.Count > 0 ? value : new ComposeMap(pairs, list.At);
    }

    /// <summary>`host=address` or `host:address`, several of a host allowed, as a map of lists.</summary>
    private static ComposeValue Hosts(ComposeValue value)
    {
        var hosts = new OrderedDictionary<string, ComposeValue>(StringComparer.Ordinal);
        switch (value)
        {
            case ComposeList list:
                foreach (var scalar in list.Items.OfType<ComposeScalar>())
                {
                    var at = scalar.Text.IndexOfAny(['=', ':']);
                    var (host, address) = at < 0 ? (scalar.Text, "") : (scalar.Text[..at], scalar.Text[(at + 1)..]);
                    var before = hosts.TryGetValue(host, out var known) ? ((ComposeList)known).Items : [];
                    hosts[host] = new ComposeList([.. before, scalar with { Text = address }], scalar.At);
                }

                return new ComposeMap(hosts, list.At);
            case ComposeMap map:
                foreach (var (host, address) in map.Entries)
                {
                    hosts[host] = address is ComposeScalar ? new ComposeList([address], address.At) : address;
                }

                return new ComposeMap(hosts, map.At);
            default:
                return value;
        }
    }

    private static ComposeValue Names(ComposeValue value, Func<Origin, ComposeValue> entry)
    {
        if (value is not ComposeList list || list.Items.Any(item => item is not ComposeScalar))
        {
            return value;
        }

        var names = new OrderedDictionary<string, ComposeValue>(StringComparer.Ordinal);
        foreach (var scalar in list.Items.Cast<ComposeScalar>())
        {
            names[scalar.Text] = entry(scalar.At);
        }

        return new ComposeMap(names, list.At);
    }

    private static ComposeValue Items(ComposeValue value, Func<ComposeValue, ComposeValue> change) =>
        value is ComposeList list ? list with { Items = [.. list.Items.Select(change)] } : value;

    private static ComposeValue Each(ComposeValue value, Func<ComposeValue, IEnumerable<ComposeValue>> change, string path)
    {
        if (value is not ComposeList list)
        {
            return value;
        }

        var items = new List<ComposeValue>();
        foreach (var item in list.Items)
        {
            try
            {
                items.AddRange(change(item));
            }
            catch (FormatException e)
            {
                throw new ComposeException($"{item.At}: {path}: {e.Message}", e);
            }
        }

        return list with { Items = items };
    }

    private static ComposeValue EnvironmentFile(ComposeValue item, string folder) => item switch
    {
        ComposeScalar file => Map(file.At, ("path", ComposePaths.Absolute(folder, file.Text))),
        ComposeMap map when map["path"] is ComposeScalar path => map.With("path", path with { Text = ComposePaths.Absolute(folder, path.Text) }),
        _ => item,
    };

    private static ComposeValue Volume(ComposeValue item, string folder) => item switch
    {
        ComposeScalar scalar => ShortVolume.Read(scalar.Text, folder, scalar.At),
        ComposeMap map when map["type"] is ComposeScalar { Text: "bind" } && map["source"] is ComposeScalar source =>
            map.With("source", source with { Text = ComposePaths.Absolute(folder, source.Text) }),
        _ => item,
    };

    private static ComposeValue FileReference(ComposeValue item) => item is ComposeScalar name ? Map(name.At, ("source", name.Text)) : item;

    private static ComposeValue Test(ComposeValue value) => value is ComposeScalar { IsNull: false } line
        ? new ComposeList([new ComposeScalar("CMD-SHELL", IsQuoted: false, line.At), line], line.At)
        : value;

    private static ComposeMap Map(Origin at, (string Key, string Value) entry) =>
        new(new OrderedDictionary<string, ComposeValue>(StringComparer.Ordinal) { [entry.Key] = new ComposeScalar(entry.Value, IsQuoted: true, at) }, at);
}
