namespace Swarm.Store.Tests;

public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Skip = "needs root, to mount";
        }
    }
}
