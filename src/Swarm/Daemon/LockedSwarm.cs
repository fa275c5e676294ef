using Swarm.Api;
using Swarm.Engine;
using Swarm.Security;

namespace Swarm.Daemon;

/// <summary>A manager whose keys are locked: it takes no part in its cluster until somebody brings the unlock key. Its engine serves on.</summary>
internal sealed record LockedSwarm(NodeRecord Record, NodeLock Seal)
{
    internal const string LeaveText = "Swarm is encrypted and locked. Please unlock it first or use `--force` to ignore this message.";

    private const string WrongKey = "swarm could not be unlocked: invalid key provided";

    internal NodeSwarmState State => new(LocalNodeState.Locked, Record.NodeId, Record.ClusterId, "", false, SwarmLocked.Text, []);

    /// <exception cref="EngineException">400: this is no key; 401: it is another lock's.</exception>
    internal void Open(string text)
    {
        if (!UnlockKey.TryParse(text, out var key))
        {
            throw EngineException.BadRequest(UnlockKey.InvalidText);
        }

        if (!Seal.TryUnlock(key))
        {
            throw new EngineException(401, WrongKey);
        }
    }
}
