using Swarm.Compose.Tree;

namespace Swarm.Compose.Loading;

/// <summary>Services with what they extend: the base first, the service's own over it.</summary>
/// <param name="services">In one form.</param>
/// <param name="baseFile">The services of another file, all resolved.</param>
internal sealed class Extending(ComposeMap services, Func<string, ComposeMap> baseFile, string file, string folder)
{
    private readonly Dictionary<string, ComposeMap> _done = new(StringComparer.Ordinal);
    private readonly HashSet<string> _under = new(StringComparer.Ordinal);

    internal ComposeMap All()
    {
        var all = services;
        foreach (var name in services.Entries.Keys.Where(name => services[name] is ComposeMap && !Section.IsExtension(name)))
        {
            all = all.With(name, Resolve(name) with { Tag = services[name]!.Tag });
        }

        return all;
    }

    private ComposeMap Resolve(string name)
    {
        if (_done.TryGetValue(name, out var known))
        {
            return known;
        }

        var service = (ComposeMap)services[name]!;
        if (!_under.Add(name))
        {
            throw new ComposeException($"{service.At}: services.{name}: extends goes in circles");
        }

        if (service["extends"] is { } value and not ComposeScalar { IsNull: true })
        {
            service = Merge(Base(name, value), service.With("extends", null));
        }

        _under.Remove(name);
        return _done[name] = service;
    }

    private ComposeMap Base(string name, ComposeValue value)
    {
        var path = $"services.{name}.extends";
        if (value is ComposeScalar { Text: var own })
        {
            return Own(own, value, path);
        }

        var section = new Section(value as ComposeMap ?? throw new ComposeException($"{value.At}: {path}: a service is expected"), path, []);
        var wanted = section.Text("service") ?? throw section.Wrong("service is missing");
        var other = section.Text("file");
        section.End();
        if (other is null || ComposePaths.Absolute(folder, other) == ComposePaths.Absolute(folder, file))
        {
            return Own(wanted, value, path);
        }

        return baseFile(other)[wanted] as ComposeMap ?? throw new ComposeException($"{value.At}: {path}: there is no service '{wanted}' in {other}");
    }

    private ComposeMap Own(string wanted, ComposeValue value, string path) =>
        services[wanted] is ComposeMap ? Resolve(wanted) : throw new ComposeException($"{value.At}: {path}: there is no service '{wanted}' in {file}");

    /// <summary>As files are merged; the paths of the rules begin with services.</summary>
    private static ComposeMap Merge(ComposeMap lower, ComposeMap upper) => Merging.Merge(lower, upper, "services.service");
}
