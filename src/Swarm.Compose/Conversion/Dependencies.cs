using Swarm.Compose.Tree;
using Swarm.Model;

namespace Swarm.Compose.Conversion;

/// <summary>`depends_on`: a label of the service that the cluster's orchestrator acts on.</summary>
internal static class Dependencies
{
    private const string Key = "depends_on";

    /// <summary>The label's text; null: it depends on nothing.</summary>
    internal static string? Read(Section service, ConversionContext context)
    {
        if (service.Map(Key) is not { } map)
        {
            return null;
        }

        var dependencies = map.Named().Select(one =>
        {
            var condition = one.Section.Word("condition", DependencyLabel.Words) ?? DependencyLabel.Words[0];
            var isOptional = one.Section.Flag("required") == false;
            one.Section.Ignore("restart");
            one.Section.End();
            if (context.Find("services", one.Name) is null && !isOptional)
            {
                throw map.Wrong(one.Name, "there is no such service, or not in the chosen profiles");
            }

            return new ServiceDependency(context.Scoped(one.Name), (DependencyCondition)Array.IndexOf(DependencyLabel.Words, condition), isOptional);
        }).ToList();
        return dependencies.Count == 0 ? null : DependencyLabel.Text(dependencies);
    }

    /// <summary>What others wait for comes first, so that an update of it is known when theirs is asked for.</summary>
    /// <exception cref="ComposeException">Services wait for one another in a circle.</exception>
    internal static IReadOnlyList<StackService> InOrder(IReadOnlyList<StackService> services, Section root)
    {
        var byName = services.ToDictionary(service => service.Name, StringComparer.Ordinal);
        var ordered = new List<StackService>();
        foreach (var service in services)
        {
            Visit(service, []);
        }

        return ordered;

        void Visit(StackService service, IReadOnlyList<string> path)
        {
            if (path.Contains(service.Key))
            {
                throw root.Wrong("services", $"depends_on goes in circles: {string.Join(" -> ", path.SkipWhile(one => one != service.Key).Append(service.Key))}");
            }

            if (ordered.Contains(service))
            {
                return;
            }

            foreach (var one in DependencyLabel.Parse(service.Spec.Labels?.GetValueOrDefault(DependencyLabel.Name)))
            {
                if (byName.TryGetValue(one.Service, out var before))
                {
                    Visit(before, [.. path, service.Key]);
                }
            }

            ordered.Add(service);
        }
    }
}
