using System.Collections.Immutable;
using Swarm.Model;
using Swarm.Store.Replication;

namespace Swarm.Store;

public sealed partial record StoreView
{
    /// <summary>Makes a view of many objects at once: a snapshot of 100,000 takes a fraction of what adding them one by one would.</summary>
    internal sealed class Builder
    {
        private readonly Table<Cluster>.Builder _clusters = new(Table<Cluster>.Empty);
        private readonly Table<Node>.Builder _nodes = new(Table<Node>.Empty);
        private readonly Table<Service>.Builder _services = new(Table<Service>.Empty);
        private readonly List<Row<SwarmTask>> _tasks = [];
        private readonly Table<Network>.Builder _networks = new(Table<Network>.Empty);
        private readonly Table<Secret>.Builder _secrets = new(Table<Secret>.Empty);
        private readonly Table<Config>.Builder _configs = new(Table<Config>.Empty);
        private readonly SortedDictionary<TableKind, Table<OpaqueRecord>.Builder> _others = [];

        internal void Add(DecodedRow decoded)
        {
            var row = decoded.Row;
            switch (decoded.Record)
            {
                case Cluster r: _clusters.Set(new(r, row.Name, decoded.Body)); break;
                case Node r: _nodes.Set(new(r, row.Name, decoded.Body)); break;
                case Service r: _services.Set(new(r, row.Name, decoded.Body)); break;
                case SwarmTask r: _tasks.Add(new(r, row.Name, decoded.Body)); break;
                case Network r: _networks.Set(new(r, row.Name, decoded.Body)); break;
                case Secret r: _secrets.Set(new(r, row.Name, decoded.Body)); break;
                case Config r: _configs.Set(new(r, row.Name, decoded.Body)); break;
                case OpaqueRecord r:
                    if (!_others.TryGetValue(r.Table, out var other))
                    {
                        _others.Add(r.Table, other = new(Table<OpaqueRecord>.Empty));
                    }

                    other.Set(new(r, row.Name, decoded.Body));
                    break;
                case var record: throw new InvalidOperationException($"there is no table for a {record.GetType().Name}");
            }
        }

        /// <summary>Tasks are the many: their table and their indexes are made beside each other.</summary>
        internal StoreView Build(long index)
        {
            var byService = Task.Run(() => TaskIndex.Of(_tasks.Select(row => (row.Record.Id, row.Record.ServiceId))));
            var byNode = Task.Run(() => TaskIndex.Of(_tasks.Select(row => (row.Record.Id, row.Record.NodeId))));
            var tasks = new Table<SwarmTask>.Builder(Table<SwarmTask>.Empty);
            _tasks.ForEach(tasks.Set);
            return Build(index, tasks.Build(), byService.GetAwaiter().GetResult(), byNode.GetAwaiter().GetResult());
        }

        private StoreView Build(long index, Table<SwarmTask> tasks, TaskIndex byService, TaskIndex byNode) => new()
        {
            Index = index,
            Clusters = _clusters.Build(),
            Nodes = _nodes.Build(),
            Services = _services.Build(),
            Tasks = tasks,
            Networks = _networks.Build(),
            Secrets = _secrets.Build(),
            Configs = _configs.Build(),
            ByService = byService,
            ByNode = byNode,
            Others = _others.ToImmutableSortedDictionary(other => other.Key, other => other.Value.Build()),
        };
    }
}
