using Swarm.Compose.Tree;

namespace Swarm.Compose.Loading;

/// <summary>Services with profiles are there only if one of these was asked for; `*` asks for all.</summary>
internal static class Profiles
{
    internal static ComposeMap Choose(ComposeMap root, IReadOnlySet<string> asked)
    {
        if (root["services"] is not ComposeMap services)
        {
            return root;
        }

        foreach (var (name, value) in services.Entries)
        {
            if (value is ComposeMap service && service["profiles"] is ComposeList { Items.Count: > 0 } profiles && !asked.Contains("*")
                && !profiles.Items.OfType<ComposeScalar>().Any(profile => asked.Contains(profile.Text)))
            {
                services = services.With(name, null);
            }
        }

        return root.With("services", services);
    }
}
