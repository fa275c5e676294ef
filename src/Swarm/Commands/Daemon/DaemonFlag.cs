namespace Swarm.Commands;

/// <summary>One flag of the daemon, which is also one key of its configuration file.</summary>
/// <param name="Name">Without the dashes.</param>
/// <param name="Placeholder">What the help shows for the value; empty for a bool.</param>
internal sealed record DaemonFlag(string Name, FlagKind Kind, string Placeholder, string Help)
{
    /// <summary>One letter; null: none.</summary>
    public char? Short { get; init; }

    /// <summary>The key in the file where it is not the flag's name; empty: the file may not have it.</summary>
    public string? FileKey { get; init; }

    /// <summary>Why a value is wrong; null: it is not. Asked for each value of a list.</summary>
    public Func<string, string?>? Check { get; init; }

    /// <summary>What it is worth here, if that is less than in Docker: logged when it is given.</summary>
    public string? Remark { get; init; }

    /// <summary>Not in the help: old, or for the file alone.</summary>
    public bool Hidden { get; init; }

    /// <summary>Both places may have it; they add up.</summary>
    public bool Merges { get; init; }

    public string Key => FileKey ?? Name;
}
