namespace Swarm.Model;

/// <summary>
/// What a service waits for before its tasks are placed: a label of the service, because Docker's ServiceSpec has no field for it and a client that
/// sends a spec back would lose one of ours. `NAME:CONDITION[:optional]`, several with commas between.
/// </summary>
public static class DependencyLabel
{
    public const string Name = "swarm.depends-on";

    private const string Optional = "optional";

    /// <summary>The conditions, in their order, as the compose specification spells them.</summary>
    public static readonly string[] Words = ["service_started", "service_healthy", "service_completed_successfully"];

    /// <exception cref="FormatException">Not of this form.</exception>
    public static IReadOnlyList<ServiceDependency> Parse(string? text) =>
        TryParse(text) ?? throw new FormatException($"invalid value of the label {Name}: it is NAME:CONDITION[:optional], several with commas between, with the conditions {string.Join(", ", Words)}");

    /// <summary>Null: not of this form.</summary>
    public static IReadOnlyList<ServiceDependency>? TryParse(string? text)
    {
        var found = new List<ServiceDependency>();
        foreach (var word in string.IsNullOrEmpty(text) ? [] : text.Split(','))
        {
            var parts = word.Split(':');
            var condition = parts.Length > 1 ? Array.IndexOf(Words, parts[1]) : -1;
            if (condition < 0 || parts[0].Length == 0 || parts.Length > 3 || (parts.Length == 3 && parts[2] != Optional))
            {
                return null;
            }

            found.Add(new ServiceDependency(parts[0], (DependencyCondition)condition, IsOptional: parts.Length == 3));
        }

        return found;
    }

    public static string Text(IEnumerable<ServiceDependency> dependencies) =>
        string.Join(',', dependencies.Select(one => $"{one.Service}:{Words[(int)one.Condition]}{(one.IsOptional ? ":" + Optional : "")}"));
}

/// <param name="Service">Its name in the cluster.</param>
/// <param name="IsOptional">It is not waited for while there is no such service.</param>
public sealed record ServiceDependency(string Service, DependencyCondition Condition, bool IsOptional);

public enum DependencyCondition
{
    /// <summary>One task's container was started.</summary>
    Started,

    /// <summary>One task runs; it does so only once its health check, if it has one, says so.</summary>
    Healthy,

    /// <summary>Every task that was asked for has ended well.</summary>
    Completed,
}
