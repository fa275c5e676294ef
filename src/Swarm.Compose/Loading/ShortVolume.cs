using Swarm.Compose.Tree;

namespace Swarm.Compose.Loading;

/// <summary>`[SOURCE:]TARGET[:MODE,...]` as a map of the long form.</summary>
internal static class ShortVolume
{
    /// <exception cref="FormatException">Not of this form.</exception>
    internal static ComposeMap Read(string text, string folder, Origin at)
    {
        var parts = text.Split(':');
        if (parts.Length > 3 || parts.Any(part => part.Length == 0))
        {
            throw Invalid(text);
        }

        var source = parts.Length > 1 ? parts[0] : "";
        var isBind = ComposePaths.IsPath(source);
        var target = parts.Length > 1 ? parts[1] : parts[0];
        var entries = new OrderedDictionary<string, ComposeValue>(StringComparer.Ordinal) { ["type"] = Scalar(isBind ? "bind" : "volume") };
        if (source.Length > 0)
        {
            entries["source"] = Scalar(isBind ? ComposePaths.Absolute(folder, source) : source);
        }

        entries["target"] = Scalar(target);
        foreach (var mode in parts.Length == 3 ? parts[2].Split(',') : [])
        {
            switch (mode)
            {
                case "ro":
                    entries["read_only"] = Scalar("true");
                    break;
                case "rw":
                    break;
                case "nocopy":
                    entries["volume"] = Map(("nocopy", "true"));
                    break;
                case "cached" or "delegated" or "consistent":
                    entries["consistency"] = Scalar(mode);
                    break;
                case "z" or "Z":
                    entries["bind"] = Map(("selinux", mode));
                    break;
                case "private" or "rprivate" or "shared" or "rshared" or "slave" or "rslave":
                    entries["bind"] = Map(("propagation", mode));
                    break;
                default:
                    throw Invalid(text);
            }
        }

        return new ComposeMap(entries, at);

        ComposeScalar Scalar(string value) => new(value, IsQuoted: false, at);
        ComposeMap Map((string Key, string Value) entry) => new(new OrderedDictionary<string, ComposeValue>(StringComparer.Ordinal) { [entry.Key] = Scalar(entry.Value) }, at);
    }

    private static FormatException Invalid(string text) => new($"'{text}' is no volume: write /target, name:/target or ./source:/target:ro");
}
