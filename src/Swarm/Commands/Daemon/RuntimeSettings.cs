using System.Collections.Immutable;
using Swarm.Engine.Runtime;

namespace Swarm.Commands;

/// <summary>The runtimes that are registered: those that are always there, and the configuration's.</summary>
internal static class RuntimeSettings
{
    private const string Searched = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private const string Crun = "crun", Runc = "runc", Shim = "io.containerd.runc.v2";

    /// <summary>Names that Docker keeps for itself.</summary>
    private static readonly string[] Reserved = [Runc, Shim];

    /// <exception cref="FlagException">A runtime that is not there, or a name that is taken.</exception>
    public static (string Default, ImmutableSortedDictionary<string, RuntimeProgram> Programs) Read(FlagValues values, IReadOnlyDictionary<string, RuntimeDefinition> file)
    {
        var programs = ImmutableSortedDictionary.CreateBuilder<string, RuntimeProgram>(StringComparer.Ordinal);
        var (crun, runc) = (Find(Crun), Find(Runc));
        Register(Crun, crun ?? runc);
        Register(Runc, runc ?? crun);
        Register(Shim, runc ?? crun);
        var named = values.All("add-runtime").Select(text => text.Split('=', 2)).Select(pair => (Name: pair[0].Trim(), Definition: new RuntimeDefinition(pair[1].Trim(), [])));
        var defined = new HashSet<string>();
        foreach (var (name, definition) in file.Select(pair => (pair.Key, pair.Value)).Concat(named))
        {
            if (Reserved.Contains(name))
            {
                throw new FlagException($"runtime name '{name}' is reserved");
            }

            if (!defined.Add(name))
            {
                throw new FlagException($"runtime '{name}' was already defined");
            }

            var path = definition.Program.Contains('/', StringComparison.Ordinal) ? Path.GetFullPath(definition.Program) : Find(definition.Program);
            programs[name] = new RuntimeProgram(
                path is not null && File.Exists(path) ? path : throw new FlagException($"runtime {name}: {definition.Program} is not there (names are looked for in {Searched})"),
                definition.Arguments);
        }

        return (Default(values.Given("default-runtime") ?? values.Given("runtime") ?? Crun, programs), programs.ToImmutable());

        void Register(string name, string? path)
        {
            if (path is not null)
            {
                programs[name] = new RuntimeProgram(path, []);
            }
        }
    }

    /// <summary>A registered name; here also a program's name or path, which is then registered.</summary>
    private static string Default(string wanted, ImmutableSortedDictionary<string, RuntimeProgram>.Builder programs)
    {
        if (programs.ContainsKey(wanted))
        {
            return wanted;
        }

        var path = wanted.Contains('/', StringComparison.Ordinal) ? Path.GetFullPath(wanted) : Find(wanted);
        if (path is null || !File.Exists(path))
        {
            throw new FlagException(wanted is Crun or Runc
                ? $"no OCI runtime is installed: install crun (looked in {Searched}), or name another with --add-runtime and --default-runtime"
                : $"specified default runtime '{wanted}' does not exist");
        }

        programs[Path.GetFileName(path)] = new RuntimeProgram(path, []);
        return Path.GetFileName(path);
    }

    private static string? Find(string name) => Searched.Split(':').Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
