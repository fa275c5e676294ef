using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Control;

/// <summary>What a user names: the full id, else the full name, else a prefix of one id.</summary>
public static class ObjectLookup
{
    /// <exception cref="ControlException">404, or 500 if more than one has the name or the prefix.</exception>
    public static Service Service(this StoreView view, string input)
    {
        var found = view.Services.Find(input) ?? view.Services.FindByName(input);
        return found is { PendingDelete: false }
            ? found
            : Only("service", input, view.Services.Where(one => !one.PendingDelete && one.Id.StartsWith(input, StringComparison.Ordinal)));
    }

    /// <inheritdoc cref="Service"/>
    public static Node Node(this StoreView view, string input)
    {
        if (view.Nodes.Find(input) is { } node)
        {
            return node;
        }

        var named = view.Nodes.Where(one => one.Description.Hostname == input).ToList();
        return Only("node", input, named.Count > 0 ? named : view.Nodes.Where(one => one.Id.StartsWith(input, StringComparison.Ordinal)));
    }

    /// <inheritdoc cref="Service"/>
    public static SwarmTask Task(this StoreView view, string input)
    {
        if (view.Tasks.Find(input) is { } task)
        {
            return task;
        }

        var named = view.Tasks.Where(one => one.Name == input).ToList();
        return Only("task", input, named.Count > 0 ? named : view.Tasks.Where(one => one.Id.StartsWith(input, StringComparison.Ordinal)));
    }

    /// <inheritdoc cref="Service"/>
    public static IPayload Payload(this StoreView view, PayloadKind kind, string input) =>
        kind.Find(view, input) ?? kind.FindByName(view, input) ?? Only(kind.Name, input, kind.All(view).Where(one => one.Id.StartsWith(input, StringComparison.Ordinal)));

    private static T Only<T>(string kind, string input, IEnumerable<T> matches) where T : class
    {
        var found = input.Length == 0 ? [] : matches.ToList();
        return found.Count switch
        {
            1 => found[0],
            0 => throw ControlException.NotFound($"{kind} {input} not found"),
            var many => throw new ControlException(500, $"{kind} {input} is ambiguous ({many} matches found)"),
        };
    }
}
