using Swarm.Manager.Rebalancing;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Control;

/// <summary>What users do to services: each call is one transaction, refused with Docker's texts.</summary>
/// <param name="store">This manager's store.</param>
/// <param name="validation">What a spec must be.</param>
/// <param name="localNetwork">The name of the network of this node alone that a user means; null: there is none.</param>
public sealed class ServiceControl(IObjectStore store, IdSource ids, ServiceValidation validation, TimeProvider time, Func<string, string?>? localNetwork = null)
{
    /// <summary>Moves of one rebalance: what fits into one transaction.</summary>
    public const int MaxMoves = StoreTransaction.MaxChanges;

    /// <summary>Creates the service and answers it as it was asked for; a service without a name gets one.</summary>
    /// <exception cref="ControlException">Refused.</exception>
    public Task<Service> CreateAsync(ServiceSpec spec, CancellationToken cancellation)
    {
        if (spec.Annotations.Name.Length == 0)
        {
            spec = spec with { Annotations = spec.Annotations with { Name = NameSuggestion.Next(ids) } };
        }

        validation.Check(spec);
        return store.CommitAsync(
            view =>
            {
                if (view.Services.FindByName(spec.Annotations.Name) is not null)
                {
                    throw NameTaken(spec);
                }

                var resolved = ServiceNetworks.Resolve(view, spec, localNetwork);
                References.Check(view, resolved, exceptService: null);
                var service = new Service { Id = ids.NextId(), Spec = resolved, Job = spec.Mode.IsJob() ? new JobStatus { LastExecution = time.GetUtcNow() } : null };
                return (new StoreTransaction().Create(service), service);
            },
            () => NameTaken(spec),
            cancellation,
            looksElsewhere: References.Any(spec));
    }

    /// <param name="version">The service's version that the user decided on.</param>
    /// <exception cref="ControlException">Refused; `update out of sequence` if the service has moved.</exception>
    /// <param name="fromPrevious">Credentials that the spec does not bring are those of the spec before the present one, not of that.</param>
    public Task UpdateAsync(string idOrName, long version, ServiceSpec asked, CancellationToken cancellation, bool fromPrevious = false) => store.CommitAsync(
        view =>
        {
            var service = view.Service(idOrName);
            var spec = WithAuth(ServiceNetworks.Resolve(view, asked, localNetwork), fromPrevious ? service.PreviousSpec ?? throw ControlException.Unknown("service does not have a previous spec") : service.Spec);
            validation.Check(spec);
            EnsureMayBecome(service.Spec, spec);
            Commits.EnsureVersion(service.Meta.Version, version);
            References.Check(view, spec, service.Id);
            var updated = service with { Spec = spec, PreviousSpec = service.Spec, SpecVersion = version, UpdateStatus = null, Job = AskedAgain(service, spec) };
            return (new StoreTransaction().Update(updated), updated);
        },
        nameTaken: null,
        cancellation);

    /// <summary>Back to the exact spec that the last update replaced; the two change places.</summary>
    /// <exception cref="ControlException">Refused; there may be nothing to go back to.</exception>
    public Task RollbackAsync(string idOrName, long version, CancellationToken cancellation) => store.CommitAsync(
        view =>
        {
            var service = view.Service(idOrName);
            if (service.Spec.Mode.IsJob())
            {
                throw ControlException.Refused($"service {service.Spec.Annotations.Name} is a job, which cannot be rolled back: update it, and run it again with --force");
            }

            if (service.PreviousSpec is null)
            {
                throw ControlException.Refused($"service {service.Id} does not have a previous spec");
            }

            Commits.EnsureVersion(service.Meta.Version, version);
            References.Check(view, service.PreviousSpec, service.Id);
            var updated = service with
            {
                Spec = service.PreviousSpec,
                PreviousSpec = service.Spec,
                SpecVersion = version,
                UpdateStatus = new UpdateStatus
                {
                    State = UpdateState.RollbackStarted,
                    StartedAt = time.GetUtcNow(),
                    Message = "manually requested rollback",
                },
            };
            return (new StoreTransaction().Update(updated), updated);
        },
        nameTaken: null,
        cancellation);

    /// <summary>
    /// Which running tasks would have to move for the nodes to be level, and, unless <paramref name="dryRun"/>, marks them: the orchestrator then replaces
    /// them start-first, as many at once as the service's update configuration says.
    /// </summary>
    /// <param name="budget">Moves at most, 1 to <see cref="MaxMoves"/>.</param>
    /// <exception cref="ControlException">Refused: not a replicated service, or it is being updated.</exception>
    public Task<IReadOnlyList<TaskMove>> RebalanceAsync(string idOrName, int budget, bool dryRun, CancellationToken cancellation)
    {
        if (budget is < 1 or > MaxMoves)
        {
            throw ControlException.Invalid($"budget: {budget} is not between 1 and {MaxMoves}");
        }

        return store.CommitAsync(
            view =>
            {
                var service = view.Service(idOrName);
                if (service.Spec.Mode != ServiceMode.Replicated)
                {
                    throw ControlException.Invalid($"service {service.Id} is not replicated: only replicas can move");
                }

                if (service.UpdateStatus?.State is UpdateState.Updating or UpdateState.RollbackStarted)
                {
                    throw ControlException.Refused($"service {service.Id} is being updated: rebalance it when the update has ended");
                }

                var moves = RebalancePlan.Of(view, service, budget, time.GetUtcNow());
                var transaction = new StoreTransaction();
                if (!dryRun)
                {
                    foreach (var move in moves)
                    {
                        transaction.Update(move.Task with { IsLeaving = true });
                    }
                }

                return (transaction, moves);
            },
            nameTaken: null,
            cancellation);
    }

    /// <summary>The service is gone for its users at once, its name is free; its tasks are stopped by the control loops, which then remove the record.</summary>
    /// <exception cref="ControlException">There is no such service.</exception>
    public Task RemoveAsync(string idOrName, CancellationToken cancellation) => store.CommitAsync(
        view =>
        {
            var service = view.Service(idOrName) with { PendingDelete = true };
            return (new StoreTransaction().Update(service), service);
        },
        nameTaken: null,
        cancellation);

    /// <summary>A forced update runs a job once more; any other one counts for the tasks that are still to be made.</summary>
    private JobStatus? AskedAgain(Service service, ServiceSpec spec) => service.Job is { } job && service.Spec.Task.ForceUpdate != spec.Task.ForceUpdate
        ? job with { Iteration = job.Iteration + 1, LastExecution = time.GetUtcNow() }
        : service.Job;

    private static ServiceSpec WithAuth(ServiceSpec spec, ServiceSpec before) => spec.Task.Container.RegistryAuth.Length > 0
        ? spec
        : spec with { Task = spec.Task with { Container = spec.Task.Container with { RegistryAuth = before.Task.Container.RegistryAuth } } };

    private static void EnsureMayBecome(ServiceSpec current, ServiceSpec wanted)
    {
        if (current.Mode != wanted.Mode)
        {
            throw new ControlException(501, "rpc error: code = Unimplemented desc = service mode change is not allowed");
        }

        if (current.Annotations.Name != wanted.Annotations.Name)
        {
            throw new ControlException(501, "rpc error: code = Unimplemented desc = renaming services is not supported");
        }
    }

    private static ControlException NameTaken(ServiceSpec spec) =>
        ControlException.Exists($"name conflicts with an existing object: service {spec.Annotations.Name} already exists");
}
