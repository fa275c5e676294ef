using System.Collections.Immutable;
using System.Net;
using Swarm.Manager.Loops;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Allocation;

// Places of tasks, of plain containers and of nodes.
internal sealed partial class AllocationLoop
{
    private void Allocate(SwarmTask task, StoreView view, ChangeBatch batch, DateTimeOffset now)
    {
        if (!IsNew(task))
        {
            return;
        }

        if (task.Spec.Attached is { } container)
        {
            Attach(task, container, view, batch, now);
            return;
        }

        if (view.Services.Find(task.ServiceId) is not { } service)
        {
            return;
        }

        // The service comes first: who is reached by a name that leads nowhere is not reached. Null: it did not fit, and neither does the task.
        if (EndpointOf(service, view, batch) is not { } problem)
        {
            return;
        }

        var wanted = NetworkNeeds.Asked(task.Spec.Networks).ToList();
        if (NetworkNeeds.NeedsIngress(service.Spec) && NetworkNeeds.IngressOf(view) is { } ingress)
        {
            wanted.Add(new NetworkAttachmentConfig { Target = ingress.Id });
        }

        if (!HasRoom(batch, 1, wanted.Select(network => network.Target)))
        {
            return;
        }

        if (problem.Length > 0)
        {
            Explain(task, problem, batch);
        }
        else if (Places(task.Id, wanted, [], view, out problem) is { } places)
        {
            batch.Update(task with
            {
                Networks = places,
                Status = task.Status with
                {
                    State = TaskState.Pending,
                    Timestamp = now,
                    Message = "pending task scheduling",
                    Error = "",
                    HostPorts = HostPorts.Of(service.Spec),
                },
            });
        }
        else
        {
            Explain(task, problem, batch);
        }
    }

    /// <summary>The container is there already and waits: it gets its place at once, or is told why not.</summary>
    private void Attach(SwarmTask task, AttachedContainer container, StoreView view, ChangeBatch batch, DateTimeOffset now)
    {
        var wanted = NetworkNeeds.Asked(task.Spec.Networks).ToList();
        if (!HasRoom(batch, 1, wanted.Select(network => network.Target)))
        {
            return;
        }

        var places = Places(task.Id, wanted, [.. container.Asked.Select(IPAddress.Parse)], view, out var problem);
        batch.Update(task with
        {
            Networks = places ?? [],
            Status = task.Status with
            {
                State = places is null ? TaskState.Rejected : TaskState.Running,
                Timestamp = now,
                Message = places is null ? "not attached" : "attached",
                Error = problem,
            },
        });
    }

    private ImmutableArray<NetworkAttachment>? Places(
        string owner, List<NetworkAttachmentConfig> wanted, ImmutableArray<IPAddress> asked, StoreView view, out string problem)
    {
        var places = ImmutableArray.CreateBuilder<NetworkAttachment>(wanted.Count);
        foreach (var network in wanted)
        {
            if (view.Networks.Find(network.Target) is { IsOfNodes: true })
            {
                places.Add(new NetworkAttachment { NetworkId = network.Target, Aliases = network.Aliases });
                continue;
            }

            if (view.Networks.Find(network.Target) is null || _ledger.Find(network.Target) is not { } book)
            {
                _ledger.Undo(owner);
                problem = $"network {network.Target} not found";
                return null;
            }

            if (_ledger.Take(book, owner, asked) is not { } addresses)
            {
                _ledger.Undo(owner);
                Await(network.Target, owner);
                problem = asked.IsEmpty ? book.Exhausted : $"address {string.Join(", ", asked)} is in use, or not of network {book.Network.Annotations.Name}";
                return null;
            }

            places.Add(new NetworkAttachment { NetworkId = network.Target, Addresses = addresses, Aliases = network.Aliases });
        }

        _touched.UnionWith(wanted.Select(network => network.Target));
        problem = "";
        return places.ToImmutable();
    }

    private static void Explain(SwarmTask task, string problem, ChangeBatch batch)
    {
        if (task.Status.Error != problem)
        {
            batch.Update(task with { Status = task.Status with { Message = "pending allocation", Error = problem } });
        }
    }

    private void Allocate(Node node, StoreView view, ChangeBatch batch)
    {
        var ingress = NetworkNeeds.IngressOf(view);
        var has = node.Networks.Where(place => place.NetworkId == ingress?.Id).ToImmutableArray();
        if (ingress is not null && has.IsEmpty && _ledger.Find(ingress.Id) is { } book)
        {
            if (!HasRoom(batch, 1, [ingress.Id]))
            {
                return;
            }

            if (_ledger.Take(book, node.Id, []) is { } addresses)
            {
                _touched.Add(ingress.Id);
                has = [new NetworkAttachment { NetworkId = ingress.Id, Addresses = addresses }];
            }
            else
            {
                Await(ingress.Id, node.Id);
            }
        }

        if (has.Length != node.Networks.Length || !has.SequenceEqual(node.Networks))
        {
            batch.Update(node with { Networks = has });
        }
    }

    /// <summary>Every cluster begins with one; one that an older version made gets it now. A user may remove it, and is not given it back.</summary>
    private void MakeIngress(Cluster cluster, StoreView view, ChangeBatch batch)
    {
        if (!batch.HasRoom(2))
        {
            return;
        }

        string id;
        lock (random)
        {
            id = Ids.New(random);
        }

        if (NetworkNeeds.IngressOf(view) is null && PoolPlan.Ingress(id, cluster, view) is { } made)
        {
            batch.Create(made);
        }

        batch.Update(cluster with { NetworksMade = 1 });
    }
}
