using Swarm.Manager.Allocation;
using Swarm.Manager.Networks;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Control;

/// <summary>What users do to the cluster's networks: each call is one transaction, refused with Docker's texts.</summary>
public sealed class NetworkControl(IObjectStore store, IdSource ids, TimeProvider time)
{
    /// <summary>The driver's option by which a user chooses the VXLAN identifier, and by which it is shown.</summary>
    public const string VniOption = "com.docker.network.driver.overlay.vxlanid_list";

    /// <summary>Makes the network and answers it with its addresses and identifier.</summary>
    /// <param name="asked">Without id, identifier and pools.</param>
    /// <exception cref="ControlException">Refused.</exception>
    public Task<Network> CreateAsync(Network asked, CancellationToken cancellation)
    {
        NetworkValidation.Check(asked);
        return store.CommitAsync(
            view =>
            {
                if (view.Networks.FindByName(asked.Annotations.Name) is not null)
                {
                    throw NameTaken(asked);
                }

                if (asked.Ingress && NetworkNeeds.IngressOf(view) is { } present)
                {
                    throw ControlException.Exists($"ingress network ({present.Id}) is already present");
                }

                if (view.Cluster is not { NetworksMade: > 0 } cluster)
                {
                    throw ControlException.Refused("the swarm is being initialized: its ingress network is not made yet. Try again");
                }

                var network = PoolPlan.Complete(asked with { Id = ids.NextId(), Keys = KeyRotation.IsAsked(asked) ? KeyRotation.First(time.GetUtcNow()) : null }, cluster, view, out var problem)
                    ?? throw ControlException.Invalid(problem);
                var counted = cluster with { NetworksMade = cluster.NetworksMade + 1 };
                return (new StoreTransaction().Create(network).Update(counted), network);
            },
            () => NameTaken(asked),
            cancellation);
    }

    /// <returns>What it was.</returns>
    /// <exception cref="ControlException">There is no such network, or something uses it.</exception>
    public Task<Network> RemoveAsync(string idOrName, CancellationToken cancellation) => store.CommitAsync(
        view =>
        {
            var network = view.Network(idOrName);
            EnsureUnused(view, network);
            return (new StoreTransaction().Delete(network), network);
        },
        nameTaken: null,
        cancellation);

    private static void EnsureUnused(StoreView view, Network network)
    {
        var services = view.Services.Where(one => !one.PendingDelete).ToList();
        if (network.Ingress)
        {
            if (services.Find(one => NetworkNeeds.NeedsIngress(one.Spec)) is { } dependent)
            {
                throw ControlException.Refused($"ingress network cannot be removed because service {dependent.Id} depends on it");
            }

            return;
        }

        if (services.Find(one => NetworkNeeds.Asked(one.Spec).Any(asked => asked.Target == network.Id)) is { } user)
        {
            throw ControlException.Refused($"network {network.Id} is in use by service {user.Id}");
        }

        if (view.Tasks.FirstOrDefault(one => one.DesiredState <= TaskState.Running && !one.Status.State.IsTerminal()
            && NetworkNeeds.Asked(one.Spec.Networks).Any(asked => asked.Target == network.Id)) is { } task)
        {
            throw ControlException.Refused($"network {network.Id} is in use by task {task.Id}");
        }
    }

    private static ControlException NameTaken(Network asked) => new(409, $"network with name {asked.Annotations.Name} already exists");
}
