namespace Swarm.Engine.Tests.Containers;

/// <summary>A test that runs real containers: it needs root, crun and a static busybox.</summary>
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if (!Environment.IsPrivilegedProcess || !File.Exists("/usr/bin/crun") || !File.Exists(EngineFixture.Busybox))
        {
            Skip = "needs root, /usr/bin/crun and /usr/bin/busybox";
        }
    }
}
