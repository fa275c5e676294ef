using Swarm.Compose.Tree;
using Swarm.Compose.Variables;

namespace Swarm.Compose.Loading;

/// <summary>Reads compose files: variables, `extends`, `include`, the merge of several files, profiles.</summary>
public sealed class ComposeLoader
{
    /// <summary>Files in files, and services that extend services.</summary>
    private const int MaxNesting = 32;

    private const string Services = "services";
    private static readonly string[] Resources = [Services, "networks", "volumes", "secrets", "configs"];
    private readonly ComposeOptions _options;
    private readonly List<string> _remarks = [];
    private readonly HashSet<string> _unset = new(StringComparer.Ordinal);

    private ComposeLoader(ComposeOptions options) => _options = options;

    /// <exception cref="ComposeException">A file is not what it should be, or not there.</exception>
    public static ComposeProject Load(ComposeOptions options) => new ComposeLoader(options).Load();

    private ComposeProject Load()
    {
        var files = _options.Files.Select(file => file == "-" ? file : Path.GetFullPath(file, _options.WorkingFolder)).ToList();
        var folder = files[0] == "-" ? _options.WorkingFolder : Path.GetDirectoryName(files[0])!;
        var variables = Layered(EnvironmentFiles(folder, _options.EnvironmentFiles, _options.WorkingFolder, _options.Variables), WithName(_options.Variables));
        var root = Profiles.Choose(LoadProject(files, folder, variables, MaxNesting), ChosenProfiles(variables));
        _remarks.AddRange(_unset.Select(name => $"the variable {name} is not set: it is taken as empty"));
        return new ComposeProject(_options.StackName, root, folder, variables, _remarks);
    }

    private ComposeMap LoadProject(IReadOnlyList<string> files, string folder, Func<string, string?> variables, int nesting)
    {
        var root = ComposeMap.Empty(new Origin(files[0], 1));
        foreach (var file in files)
        {
            foreach (var document in Read(file, variables))
            {
                var own = Resolved(document, file, folder, variables, nesting);
                root = Merging.Merge(root, Included(own, file, folder, variables, nesting));
            }
        }

        return root;
    }

    private IEnumerable<ComposeMap> Read(string file, Func<string, string?> variables)
    {
        IReadOnlyList<ComposeMap> documents;
        try
        {
            using var text = file == "-" ? _options.Input : File.OpenText(file);
            documents = YamlTree.Read(file == "-" ? "stdin" : Shown(file), text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ComposeException($"{file}: {e.Message}", e);
        }

        var interpolation = new Interpolation(variables, name => _unset.Add(name));
        return documents.Select(document => (ComposeMap)interpolation.Apply(document));
    }

    /// <summary>Every service in one form, with what it extends.</summary>
    private ComposeMap Resolved(ComposeMap document, string file, string folder, Func<string, string?> variables, int nesting)
    {
        if (document[Services] is not ComposeMap services)
        {
            return document[Services] is null or ComposeScalar { IsNull: true } ? document : throw new ComposeException($"{document[Services]!.At}: services: keys and values are expected");
        }

        var extending = new Extending(CanonicalOf(services, folder), name => Base(name, folder, variables, nesting - 1), file, folder);
        return document.With(Services, extending.All());
    }

    private static ComposeMap CanonicalOf(ComposeMap services, string folder)
    {
        foreach (var (name, value) in services.Entries.Where(entry => !Section.IsExtension(entry.Key)))
        {
            var service = value as ComposeMap ?? throw new ComposeException($"{value.At}: services.{name}: keys and values are expected");
            services = services.With(name, CanonicalService.Of(service, folder, $"services.{name}") with { Tag = value.Tag });
        }

        return services;
    }

    /// <summary>The services of another file, for those that extend one of them.</summary>
    private ComposeMap Base(string path, string folder, Func<string, string?> variables, int nesting)
    {
        if (nesting == 0)
        {
            throw new ComposeException($"{Shown(path)}: extends goes in circles");
        }

        var file = ComposePaths.Absolute(folder, path);
        return Read(file, variables).Aggregate(
            ComposeMap.Empty(new Origin(file, 1)),
            (all, document) => Resolved(document, file, Path.GetDirectoryName(file)!, variables, nesting)[Services] is ComposeMap services ? Merging.Merge(all, services, Services) : all);
    }

    private ComposeMap Included(ComposeMap document, string file, string folder, Func<string, string?> variables, int nesting)
    {
        if (document["include"] is not { } value)
        {
            return document;
        }

        if (nesting == 0)
        {
            throw new ComposeException($"{value.At}: include goes in circles");
        }

        var own = document.With("include", null);
        foreach (var item in value is ComposeList list ? list.Items : throw new ComposeException($"{value.At}: include: a list is expected"))
        {
            own = Adopt(own, LoadIncluded(item, folder, variables, nesting - 1), Shown(file));
        }

        return own;
    }

    private ComposeMap LoadIncluded(ComposeValue item, string folder, Func<string, string?> variables, int nesting)
    {
        if (item is ComposeScalar short_)
        {
            item = ComposeMap.Empty(item.At).With("path", short_);
        }

        var section = new Section(item as ComposeMap ?? throw new ComposeException($"{item.At}: include: a path, or keys and values are expected"), "include", _remarks);
        var files = (section.Texts("path") ?? throw section.Wrong("path is missing")).Select(path => ComposePaths.Absolute(folder, path)).ToList();
        var projectFolder = section.Text("project_directory") is { } named ? ComposePaths.Absolute(folder, named) : Path.GetDirectoryName(files[0])!;
        var environment = EnvironmentFiles(projectFolder, section.Texts("env_file") ?? [], folder, variables);
        section.End();
        return LoadProject(files, projectFolder, Layered(environment, variables), nesting);
    }

    private static ComposeMap Adopt(ComposeMap own, ComposeMap included, string file)
    {
        foreach (var kind in Resources)
        {
            if (included[kind] is not ComposeMap theirs)
            {
                continue;
            }

            var mine = own[kind] as ComposeMap ?? ComposeMap.Empty(theirs.At);
            foreach (var (name, value) in theirs.Entries)
            {
                mine = mine[name] is not { } before || YamlText.Of(before) == YamlText.Of(value)
                    ? mine.With(name, value)
                    : throw new ComposeException($"{file}: {kind}.{name} conflicts with what {value.At} has under this name");
            }

            own = own.With(kind, mine);
        }

        return own;
    }

    private static OrderedDictionary<string, string?> EnvironmentFiles(string folder, IReadOnlyList<string> named, string namedFrom, Func<string, string?> variables)
    {
        var found = new OrderedDictionary<string, string?>(StringComparer.Ordinal);
        IReadOnlyList<string> files = named.Count > 0 ? [.. named.Select(file => ComposePaths.Absolute(namedFrom, file))] : [Path.Combine(folder, ".env")];
        foreach (var file in files.Where(file => named.Count > 0 || File.Exists(file)))
        {
            foreach (var (name, value) in EnvironmentFile.Read(file, name => variables(name) ?? found.GetValueOrDefault(name)))
            {
                found[name] = value;
            }
        }

        return found;
    }

    /// <summary>The caller's own count more than files do.</summary>
    private static Func<string, string?> Layered(OrderedDictionary<string, string?> file, Func<string, string?> above) =>
        file.Count == 0 ? above : name => above(name) ?? file.GetValueOrDefault(name);

    private Func<string, string?> WithName(Func<string, string?> variables) => name => name == "COMPOSE_PROJECT_NAME" ? _options.StackName : variables(name);

    private IReadOnlySet<string> ChosenProfiles(Func<string, string?> variables) => _options.Profiles.Count > 0
        ? _options.Profiles
        : (variables("COMPOSE_PROFILES") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).ToHashSet(StringComparer.Ordinal);

    private string Shown(string file) => Path.GetRelativePath(_options.WorkingFolder, file) is var relative && !relative.StartsWith("..", StringComparison.Ordinal) ? relative : file;
}
