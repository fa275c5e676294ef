using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Dependencies;

/// <summary>Which services wait for which, so that a loop looks at the ones when the others move.</summary>
internal sealed class Dependents
{
    /// <summary>Ids of services by the names of those that they depend on.</summary>
    private readonly Dictionary<string, HashSet<string>> _byName = new(StringComparer.Ordinal);

    internal void Begin(StoreView view)
    {
        _byName.Clear();
        foreach (var service in view.Services)
        {
            Add(service);
        }
    }

    /// <summary>The ids of services that should be looked at after a change.</summary>
    internal IEnumerable<string> Of(StoreChange change)
    {
        switch (change.Object)
        {
            case Service service:
                Remove(change.Old as Service);
                Add(change.New as Service);
                return NamesMoved(service.Spec.Annotations.Name);
            case SwarmTask task when (change.Old as SwarmTask)?.Status.State != (change.New as SwarmTask)?.Status.State:
                return NamesMoved(task.ServiceName);
            default:
                return [];
        }
    }

    private IEnumerable<string> NamesMoved(string name) => _byName.TryGetValue(name, out var services) ? services : [];

    private void Add(Service? service)
    {
        foreach (var name in NamesOf(service))
        {
            if (!_byName.TryGetValue(name, out var services))
            {
                _byName[name] = services = new HashSet<string>(StringComparer.Ordinal);
            }

            services.Add(service!.Id);
        }
    }

    private void Remove(Service? service)
    {
        foreach (var name in NamesOf(service))
        {
            if (_byName.TryGetValue(name, out var services) && services.Remove(service!.Id) && services.Count == 0)
            {
                _byName.Remove(name);
            }
        }
    }

    private static IEnumerable<string> NamesOf(Service? service) =>
        DependencyLabel.TryParse(service?.Spec.Annotations.Labels.GetValueOrDefault(DependencyLabel.Name))?.Select(one => one.Service) ?? [];
}
