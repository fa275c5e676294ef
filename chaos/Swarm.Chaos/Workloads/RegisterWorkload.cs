using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Swarm.Api.Client;
using Swarm.Api.Wire;
using Swarm.Chaos.Checkers;
using Swarm.Chaos.Histories;
using Swarm.Chaos.Running;
using Swarm.Chaos.Scenarios;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Chaos.Workloads;

/// <summary>
/// A few registers, each the label of a service without replicas: read by GET, written by an update that names the version it was read at, which is a
/// compare-and-set. Every value is written once, so a value tells the write.
/// </summary>
public sealed class RegisterWorkload(WorkloadSpec spec, ClusterAccess cluster) : IWorkload
{
    private const string Label = "register";
    private const double WriteShare = 0.6;

    /// <summary>Of the writes: knowingly at a version that was read before the last one, which must be refused if the register has moved.</summary>
    private const double StaleShare = 0.15;

    private static readonly TimeSpan LastReadLimit = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan SetUpLimit = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<int, int> _values = new();
    private List<string> _registers = [];
    private ClientSession? _first;

    public int Clients => spec.Clients;

    public IReadOnlyList<IChecker> Checkers => [new LinearizableRegisters(SearchBound.Default, cluster.Time), new VersionsGoForward()];

    public async Task SetUpAsync(ClientSession session, CancellationToken cancellation)
    {
        _first = session;
        _registers = [.. Enumerable.Range(1, spec.Objects).Select(i => "register-" + i.ToString(CultureInfo.InvariantCulture))];
        foreach (var name in _registers)
        {
            await MakeAsync(session, name, cancellation);
        }
    }

    /// <summary>On a busy machine an answer may be late: then it is looked whether the register is there. Every try writes a value of its own.</summary>
    /// <exception cref="RunException">The machine is too busy to play anything.</exception>
    private async Task MakeAsync(ClientSession session, string name, CancellationToken cancellation)
    {
        var start = cluster.Time.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            var value = $"new-{attempt}";
            var created = await session.CallAsync(
                OperationKind.CompareAndSet, name,
                async (operation, client, limit) => operation with { Id = (await client.CreateServiceAsync(Specs.Sleepers(name, Label, 0, value), limit)).ID },
                cancellation, value: value);
            if (created.Outcome == Outcome.Ok || await ReadAsync(session, name, cancellation) is not null)
            {
                return;
            }

            if (cluster.Time.GetElapsedTime(start) > SetUpLimit)
            {
                throw new RunException($"a register could not be made on a cluster that is whole: {created.Error}");
            }
        }
    }

    public async Task RunAsync(ClientSession session, CancellationToken stop)
    {
        var last = new Dictionary<string, Service>();
        while (true)
        {
            await session.ThinkAsync(stop);
            var name = session.Dice.Pick(_registers);
            var stale = last.GetValueOrDefault(name);
            if (await ReadAsync(session, name, stop) is not { } seen)
            {
                continue;
            }

            last[name] = seen;
            if (session.Dice.Chance(WriteShare))
            {
                var from = stale is not null && session.Dice.Chance(StaleShare) ? stale : seen;
                var value = $"{session.Number}-{_values.AddOrUpdate(session.Number, 1, (_, n) => n + 1)}";
                await session.CallAsync(
                    OperationKind.CompareAndSet, name,
                    async (operation, client, limit) =>
                    {
                        await client.UpdateServiceAsync(from.ID, from.Version!.Index, Specs.WithValue(from.Spec!, value), limit);
                        return operation;
                    },
                    stop, expected: ValueOf(from), value: value);
            }
        }
    }

    /// <summary>The last words: each register read until it answers, so that the end of the history is fixed.</summary>
    public async Task<Evidence> FinishAsync(Evidence evidence, CancellationToken cancellation)
    {
        var start = cluster.Time.GetTimestamp();
        foreach (var name in _registers)
        {
            while (await ReadAsync(_first!, name, cancellation) is null && cluster.Time.GetElapsedTime(start) < LastReadLimit)
            {
                await _first!.ThinkAsync(cancellation);
            }
        }

        return evidence;
    }

    /// <summary>Null if there was no answer. That there is no such service is an answer, and a wrong one: nobody removes a register.</summary>
    private static async Task<Service?> ReadAsync(ClientSession session, string name, CancellationToken stop)
    {
        Service? seen = null;
        await session.CallAsync(
            OperationKind.Read, name,
            async (operation, client, limit) =>
            {
                try
                {
                    seen = await client.ServiceAsync(name, limit);
                }
                catch (EngineClientException e) when (e.Status == HttpStatusCode.NotFound)
                {
                    return operation with { Error = e.Message };
                }

                return operation with { Value = ValueOf(seen), Version = seen.Version!.Index, Id = seen.ID };
            },
            stop);
        return seen;
    }

    private static string? ValueOf(Service service) => service.Spec?.Labels?.GetValueOrDefault(Specs.Value);
}
