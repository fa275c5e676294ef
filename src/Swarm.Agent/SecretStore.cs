using System.Collections.Immutable;
using Swarm.Model;
using Swarm.Rpc.Dispatch;

namespace Swarm.Agent;

/// <summary>The values that this node's tasks need. Memory only: a restarted agent waits for them from the managers.</summary>
internal sealed class SecretStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Secret> _secrets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Config> _configs = new(StringComparer.Ordinal);
    private Latch _changed = new();
    private bool _isWhole;

    internal void Apply(Assignments assignments)
    {
        Latch changed;
        lock (_lock)
        {
            if (assignments.Complete)
            {
                _secrets.Clear();
                _configs.Clear();
                _isWhole = true;
            }

            foreach (var secret in assignments.Secrets)
            {
                _secrets[secret.Id] = secret;
            }

            foreach (var config in assignments.Configs)
            {
                _configs[config.Id] = config;
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

    /// <summary>The values that the task names. A task comes with its values: what is missing after that is missing in the cluster.</summary>
    /// <exception cref="TaskRejectedException">A value was removed while the service that names it was made.</exception>
    internal async Task<TaskSecrets> ForAsync(SwarmTask task, CancellationToken cancellation)
    {
        var container = task.Spec.Container;
        while (true)
        {
            Latch changed;
            lock (_lock)
            {
                var missing = Missing("secret", container.Secrets, _secrets) ?? Missing("config", container.Configs, _configs);
                if (missing is null)
                {
                    return new TaskSecrets(Pick(container.Secrets, _secrets), Pick(container.Configs, _configs));
                }

                if (_isWhole)
                {
                    throw new TaskRejectedException(missing);
                }

                changed = _changed;
            }

            await changed.WaitAsync(cancellation);
        }
    }

    private static string? Missing<T>(string kind, ImmutableArray<FileReference> references, Dictionary<string, T> values) =>
        references.FirstOrDefault(one => !values.ContainsKey(one.Id)) is { } missing ? $"{kind} {missing.Name} ({missing.Id}) is not in the swarm any more" : null;

    private static Dictionary<string, T> Pick<T>(ImmutableArray<FileReference> references, Dictionary<string, T> values) =>
        references.DistinctBy(one => one.Id).ToDictionary(one => one.Id, one => values[one.Id]);
}
