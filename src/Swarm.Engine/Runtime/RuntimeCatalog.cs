using System.Collections.Immutable;

namespace Swarm.Engine.Runtime;

/// <summary>The runtimes that containers may name, and the one of those that name none. Swapped whole when the configuration is read again.</summary>
public sealed class RuntimeCatalog
{
    private volatile State _state;

    public RuntimeCatalog(string defaultName, ImmutableSortedDictionary<string, RuntimeProgram> programs) => _state = new State(defaultName, programs);

    public string DefaultName => _state.DefaultName;

    public ImmutableSortedDictionary<string, RuntimeProgram> Programs => _state.Programs;

    public RuntimeProgram Default => _state.Programs[_state.DefaultName];

    /// <summary>Only crun, at its usual place.</summary>
    public static RuntimeCatalog Crun { get; } = new("crun", ImmutableSortedDictionary<string, RuntimeProgram>.Empty
        .Add("crun", new RuntimeProgram("/usr/bin/crun", [])).Add("runc", new RuntimeProgram("/usr/bin/crun", [])));

    /// <summary>Some runtime refuses to work beside the unified tree of a hybrid machine.</summary>
    public bool HasCrun => _state.Programs.Values.Any(program => IsCrun(program.Path));

    internal static bool IsCrun(string path) => Path.GetFileName(path).StartsWith("crun", StringComparison.Ordinal);

    public void Replace(string defaultName, ImmutableSortedDictionary<string, RuntimeProgram> programs) => _state = new State(defaultName, programs);

    /// <exception cref="EngineException">400: nobody registered it.</exception>
    public void Check(string? name)
    {
        if (!string.IsNullOrEmpty(name) && !_state.Programs.ContainsKey(name))
        {
            throw EngineException.BadRequest($"unknown or invalid runtime name: {name}");
        }
    }

    /// <summary>The one that a container was made with; the default when it has been unregistered since, so that the container can still be removed.</summary>
    public RuntimeProgram Of(string? name)
    {
        var state = _state;
        return state.Programs.GetValueOrDefault(string.IsNullOrEmpty(name) ? state.DefaultName : name) ?? state.Programs[state.DefaultName];
    }

    private sealed record State(string DefaultName, ImmutableSortedDictionary<string, RuntimeProgram> Programs);
}
