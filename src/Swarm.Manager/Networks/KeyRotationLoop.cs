using Swarm.Manager.Loops;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Networks;

/// <summary>Gives each encrypted network its next key once the one in use is <see cref="KeyRotation.Period"/> old. Keyed by network.</summary>
internal sealed class KeyRotationLoop : ControlLoop
{
    internal override string Name => "key rotation";

    protected override void Begin(StoreView view)
    {
        foreach (var network in view.Networks.Where(network => network.Keys is not null))
        {
            Mark(network.Id);
        }
    }

    internal override void Observe(StoreCommit commit)
    {
        foreach (var change in commit.Changes)
        {
            if (change.New is Network { Keys: not null } network && (change.Old as Network)?.Keys?.Since != network.Keys.Since)
            {
                Mark(network.Id);
            }
        }
    }

    protected override void Decide(string key, StoreView view, ChangeBatch batch, DateTimeOffset now)
    {
        if (view.Networks.Find(key) is not { Keys: { } keys } network)
        {
            return;
        }

        if (keys.Since > now)
        {
            // The clock of whoever wrote it was ahead: without this the key would be used for as long as that more.
            batch.Update(network with { Keys = keys with { Since = now } });
        }
        else if (now - keys.Since >= KeyRotation.Period)
        {
            batch.Update(network with { Keys = KeyRotation.Next(keys, now) });
        }
        else
        {
            MarkIn(key, keys.Since + KeyRotation.Period - now);
        }
    }
}
