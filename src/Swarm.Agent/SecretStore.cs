using Swarm.Model;
using Swarm.Rpc.Dispatch;

namespace Swarm.Agent;

/// <summary>The values that this node's tasks need. Memory only: a restarted agent waits for them from the managers.</summary>
internal sealed class SecretStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, byte[]> _secrets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _configs = new(StringComparer.Ordinal);
    private Latch _changed = new();

    internal void Apply(Assignments assignments)
    {
        Latch changed;
        lock (_lock)
        {
            if (assignments.Complete)
            {
                _secrets.Clear();
                _configs.Clear();
            }

            foreach (var secret in assignments.Secrets)
            {
                _secrets[secret.Id] = secret.Data;
            }

            foreach (var config in assignments.Configs)
            {
                _configs[config.Id] = config.Data;
            }

            foreach (var id in assignments.RemovedSecrets)
            {
                _secrets.Remove(id);
            }

            foreach (var id in assignments.RemovedConfigs)
            {
                _configs.Remove(id);
            }

            (changed, _changed) = (_changed, new Latch());
        }

        changed.Open();
    }

    /// <summary>The values that the task names, once all are here.</summary>
    internal async Task<TaskSecrets> ForAsync(SwarmTask task, CancellationToken cancellation)
    {
        while (true)
        {
            Latch changed;
            lock (_lock)
            {
                var container = task.Spec.Container;
                if (container.Secrets.All(one => _secrets.ContainsKey(one.Id)) && container.Configs.All(one => _configs.ContainsKey(one.Id)))
                {
                    return new TaskSecrets(Pick(container.Secrets, _secrets), Pick(container.Configs, _configs));
                }

                changed = _changed;
            }

            await changed.WaitAsync(cancellation);
        }
    }

    private static Dictionary<string, byte[]> Pick(IEnumerable<FileReference> names, Dictionary<string, byte[]> values) =>
        names.DistinctBy(one => one.Id).ToDictionary(one => one.Id, one => values[one.Id]);
}
