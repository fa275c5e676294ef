namespace Swarm.Engine.Build;

/// <summary>
/// Build arguments as one stage sees them. Given values win over the Dockerfile's; a stage sees only what it declares, and what was declared
/// before the first FROM only if it declares it again. The proxies' names need no declaration.
/// </summary>
internal sealed class BuildArguments(IReadOnlyDictionary<string, string?> given, IReadOnlyDictionary<string, string?> global)
{
    private static readonly HashSet<string> Predefined =
    [
        "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy",
    ];

    private readonly Dictionary<string, string?> _declared = [];

    public IReadOnlyCollection<string> Declared => _declared.Keys;

    public static bool IsPredefined(string name) => Predefined.Contains(name);

    public void Declare(string name, string? value) => _declared[name] = value;

    /// <summary>Null: not set.</summary>
    public string? Find(string name) => _declared.TryGetValue(name, out var fallback)
        ? given.TryGetValue(name, out var value) ? value : fallback ?? global.GetValueOrDefault(name)
        : Predefined.Contains(name) ? given.GetValueOrDefault(name) : null;

    /// <summary>NAME=value of everything set that is not in the environment already.</summary>
    /// <param name="shown">Without predefined names that the stage did not declare: those leave no trace in an image.</param>
    public IReadOnlyList<string> Beside(IReadOnlyList<string> environment, bool shown)
    {
        var taken = environment.Select(entry => entry.Split('=', 2)[0]).ToHashSet();
        return
        [
            .. _declared.Keys.Union(shown ? [] : given.Keys.Where(Predefined.Contains)).Where(name => !taken.Contains(name) && Find(name) is not null)
                .Order(StringComparer.Ordinal).Select(name => $"{name}={Find(name)}"),
        ];
    }
}
