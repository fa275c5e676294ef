using Swarm.Model;

namespace Swarm.Store;

public sealed partial record StoreView
{
    /// <summary>
    /// The view that one transaction makes, while it is made. The tasks' table and its indexes, which are deep and get hundreds of changes at once, are
    /// changed in place: what the changes have in common is copied once, not once for each. Belongs to one thread; a transaction that is refused drops it.
    /// </summary>
    internal sealed class Editor(StoreView view)
    {
        private StoreView _view = view;
        private Table<SwarmTask>.Builder? _tasks;
        private TaskIndex.Editor? _byService;
        private TaskIndex.Editor? _byNode;

        internal IStoreObject? Find(TableKind table, string id) => table == TableKind.Task && _tasks is not null ? _tasks.Find(id) : _view.Find(table, id);

        internal IStoreObject? FindByName(TableKind table, string name) =>
            table == TableKind.Task && _tasks is not null ? _tasks.FindByName(name) : _view.FindByName(table, name);

        /// <param name="old">What <see cref="Find"/> answers for it.</param>
        internal void Set(IStoreObject record, IStoreObject? old, string? name, byte[]? body)
        {
            if (record is SwarmTask task)
            {
                Begin();
                _tasks!.Set(new(task, name, body));
                Move(task.Id, old as SwarmTask, task);
            }
            else
            {
                _view = _view.With(record, name, body);
            }
        }

        internal void Remove(IStoreObject record)
        {
            if (record is SwarmTask task)
            {
                Begin();
                _tasks!.Remove(task.Id);
                Move(task.Id, task, null);
            }
            else
            {
                _view = _view.Without(record);
            }
        }

        internal StoreView Build(long index) => _tasks is null
            ? _view with { Index = index }
            : _view with { Index = index, Tasks = _tasks.Build(), ByService = _byService!.Build(), ByNode = _byNode!.Build() };

        private void Begin()
        {
            _tasks ??= new Table<SwarmTask>.Builder(_view.Tasks);
            _byService ??= new TaskIndex.Editor(_view.ByService);
            _byNode ??= new TaskIndex.Editor(_view.ByNode);
        }

        private void Move(string id, SwarmTask? from, SwarmTask? to)
        {
            _byService!.Move(id, from?.ServiceId, to?.ServiceId);
            _byNode!.Move(id, from?.NodeId, to?.NodeId);
        }
    }
}
