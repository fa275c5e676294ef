using System.Collections.Immutable;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Dispatch;

/// <summary>Wakes the sessions whose nodes a commit concerns.</summary>
internal sealed class ChangeNotifier(IObjectStore store, SessionTable sessions, NetworkTables tables)
{
    private ImmutableDictionary<string, NetworkTable> _networks = ImmutableDictionary<string, NetworkTable>.Empty;

    internal async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            using var watch = store.Watch();
            _networks = tables.Take().ByNetwork;
            NotifyAll();
            try
            {
                while (await watch.Commits.WaitToReadAsync(cancellation))
                {
                    while (watch.Commits.TryRead(out var commit))
                    {
                        Notify(commit);
                    }

                    NotifyNetworks();
                }
            }
            catch (WatchLaggedException)
            {
                // Every session compares with the newest view anyway: waking all of them makes up for what was missed.
            }
        }
    }

    private void Notify(StoreCommit commit)
    {
        foreach (var change in commit.Changes)
        {
            switch (change.Object)
            {
                case SwarmTask task:
                    Notify(task.NodeId);
                    if (change.Old is SwarmTask old && old.NodeId != task.NodeId)
                    {
                        Notify(old.NodeId);
                    }

                    break;
                case Node node:
                    if ((change.Old as Node)?.Manager != (change.New as Node)?.Manager)
                    {
                        NotifyAll();
                    }

                    Notify(node.Id);
                    break;
                case Cluster:
                case Secret or Config when change.New is null:
                    NotifyAll();
                    break;
            }
        }
    }

    /// <summary>Every node that has, or had, a part in a network whose table is another now.</summary>
    private void NotifyNetworks()
    {
        var now = tables.Take().ByNetwork;
        if (now == _networks)
        {
            return;
        }

        var nodes = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (id, table) in now)
        {
            var before = _networks.GetValueOrDefault(id);
            if (!ReferenceEquals(before, table))
            {
                nodes.UnionWith(table.Peers.Keys);
                nodes.UnionWith(before?.Peers.Keys ?? []);
            }
        }

        nodes.UnionWith(_networks.Where(one => !now.ContainsKey(one.Key)).SelectMany(one => one.Value.Peers.Keys));
        _networks = now;
        foreach (var node in nodes)
        {
            Notify(node);
        }
    }

    private void Notify(string nodeId) => sessions.Find(nodeId)?.Changed.Raise();

    private void NotifyAll()
    {
        foreach (var session in sessions.All)
        {
            session.Changed.Raise();
        }
    }
}
