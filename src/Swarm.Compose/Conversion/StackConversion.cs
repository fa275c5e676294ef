using Swarm.Compose.Tree;

namespace Swarm.Compose.Conversion;

/// <summary>A compose project to what the Engine API is asked for.</summary>
public static class StackConversion
{
    /// <exception cref="ComposeException">Something in it is wrong, unknown or impossible in a cluster.</exception>
    public static Stack Convert(ComposeProject project)
    {
        var context = new ConversionContext(project);
        var root = context.Root;
        root.Text("version");
        root.Text("name");
        root.Refuse("models", "models are not for clusters");
        var services = context.All("services").Select(one => ServiceConversion.Convert(one.Key, one.Section, context)).ToList();
        var ordered = Dependencies.InOrder(services, root);
        var networks = NetworkConversion.Convert(context);
        foreach (var (key, volume) in context.All("volumes"))
        {
            MountConversion.Check(key, volume, context);
        }

        var secrets = FileConversion.Convert("secrets", context);
        var configs = FileConversion.Convert("configs", context);
        root.End();
        return services.Count == 0
            ? throw new ComposeException($"{project.Root.At.File}: no service is defined, or none in the chosen profiles")
            : new Stack(project.Name, ordered, networks, secrets, configs, context.Remarks);
    }
}
