namespace Swarm.Engine.Runtime;

/// <summary>A seccomp profile that a configuration names.</summary>
public static class SeccompSetting
{
    /// <returns>The profile itself.</returns>
    /// <exception cref="EngineException">400: not a profile.</exception>
    public static string Checked(string json)
    {
        SeccompFile.Parse(json, new HashSet<string>());
        return json;
    }
}
