using System.Collections.Immutable;
using Swarm.Manager.Control;
using Swarm.Model;
using Swarm.Rpc.Dispatch;
using Swarm.Store;

namespace Swarm.Simulation.World;

/// <summary>Users who change services and nodes, and a world that breaks things, drawn from the seed.</summary>
/// <param name="story">What more there is to it.</param>
public sealed class Workload(SimulatedCluster world, Story story)
{
    private const int MaxServices = 4;
    private const int Zones = 3;
    private static readonly long Reservation = 3L << 30;
    private readonly List<string> _log = [];
    private int _made;

    /// <summary>What was done, for the report of a failure.</summary>
    public IReadOnlyList<string> Log => _log;

    public void Step()
    {
        var random = world.Random;
        var machine = world.Machines[random.Next(world.Machines.Count)];
        if (story == Story.Networks && random.Next(5) == 0)
        {
            Containers(machine);
            return;
        }

        switch (random.Next(story == Story.Crowded ? 19 : 16))
        {
            case 0 or 1:
                CreateService();
                break;
            case 2 or 3:
                Change("scale", service => service with { Spec = service.Spec with { Replicas = (ulong)random.Next(0, 9) } });
                break;
            case 4:
                Change("update", service => service with
                {
                    PreviousSpec = service.Spec,
                    Spec = story == Story.Networks && random.Next(2) == 0 ? Networked(service.Spec) : service.Spec with { Task = service.Spec.Task with { Container = service.Spec.Task.Container with { Image = $"image:{random.Next(1000)}" } } },
                });
                break;
            case 5:
                RemoveService();
                break;
            case 6 or 7:
                SetAvailability(machine, (NodeAvailability)random.Next(3));
                break;
            case 8:
                Do($"power cut on {machine.Id}", () => machine.PowerCut(losesUnsynced: random.Next(2) == 0));
                break;
            case 9:
                Do($"restart of the daemon on {machine.Id}", () =>
                {
                    machine.StopDaemon();
                    machine.Start();
                });
                break;
            case 10:
                Do($"cut of {machine.Id}", machine.Link.Cut);
                break;
            case 11:
                Do($"stall of {machine.Id}", machine.Link.Stall);
                break;
            case 12:
                Lead(random.Next(-1, 3));
                break;
            case 13 or 14:
                Do($"kill of a container on {machine.Id}", () =>
                {
                    var running = machine.Executor.Running.ToList();
                    if (running.Count > 0)
                    {
                        machine.Executor.Kill(running[random.Next(running.Count)], random.Next(2));
                    }
                });
                break;
            case 16 or 17:
                Rebalance();
                break;
            case 18:
                Relabel(machine);
                break;
            default:
                Do($"healing of {machine.Id}", () => Heal(machine));
                break;
        }
    }

    /// <summary>Ends every fault; drained nodes come back, so that there is room for everything.</summary>
    public void HealAll()
    {
        world.IsFaulty = false;
        foreach (var machine in world.Machines)
        {
            Do($"healing of {machine.Id}", () => Heal(machine));
            SetAvailability(machine, NodeAvailability.Active);
        }

        Lead(0);
    }

    private static void Heal(Machine machine)
    {
        if (machine.Link.IsCut || machine.Link.IsStalled)
        {
            machine.Link.Heal();
        }

        if (!machine.IsUp)
        {
            machine.Start();
        }
    }

    private void Lead(int manager)
    {
        _log.Add($"{world.Time.Elapsed} leader {manager}");
        world.Lead(manager);
    }

    private void CreateService()
    {
        if (world.Store.View.Services.Count >= MaxServices)
        {
            return;
        }

        var random = world.Random;
        var name = $"s{_made++}";
        var secret = new Secret { Id = "secret-" + name, Annotations = new Annotations { Name = name }, Data = [1, 2, 3] };
        var service = new Service
        {
            Id = Ids.New(random),
            Spec = new ServiceSpec
            {
                Annotations = new Annotations { Name = name },
                Mode = random.Next(4) == 0 ? ServiceMode.Global : ServiceMode.Replicated,
                Replicas = (ulong)random.Next(0, 9),
                Update = new UpdateConfig
                {
                    Parallelism = (ulong)random.Next(3),
                    Delay = TimeSpan.FromMilliseconds(random.Next(500)),
                    Order = (UpdateOrder)random.Next(2),
                    FailureAction = (FailureAction)random.Next(3),
                    Monitor = TimeSpan.FromSeconds(random.Next(3)),
                    MaxFailureRatio = 0.3,
                },
                Task = new TaskSpec
                {
                    Container = new ContainerSpec { Image = "image:1", Secrets = random.Next(2) == 0 ? [new FileReference { Id = secret.Id, Name = name }] : [] },
                    Restart = new RestartPolicy { Delay = random.Next(2) == 0 ? TimeSpan.FromMilliseconds(random.Next(1000)) : null },
                },
            },
        };
        if (story == Story.Crowded)
        {
            service = service with { Spec = service.Spec with { Task = Crowded(service.Spec.Task) } };
        }

        if (story == Story.Stacks)
        {
            service = service with { Spec = service.Spec with { Annotations = service.Spec.Annotations with { Labels = Stacked() } } };
        }

        if (story == Story.Networks)
        {
            service = service with { Spec = Networked(service.Spec) };
        }

        if (story == Story.Jobs && random.Next(2) == 0)
        {
            service = AsJob(service);
        }

        Do($"create {name} {service.Spec.Mode} x{service.Spec.Replicas}", () => world.Write(new StoreTransaction().Create(secret).Create(service)));
    }

    private TaskSpec Crowded(TaskSpec task) => task with
    {
        Reservations = world.Random.Next(2) == 0 ? new Resources { MemoryBytes = Reservation } : null,
        Placement = world.Random.Next(2) == 0 ? new Placement { SpreadOver = ["node.labels.zone"] } : new Placement(),
    };

    private ImmutableSortedDictionary<string, string> Stacked()
    {
        var labels = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
        if (world.Random.Next(2) == 0)
        {
            labels = labels.Add(RebalanceLabel.Name, world.Random.Next(2) == 0 ? "auto" : "3");
        }

        return Pick() is { PendingDelete: false } before && world.Random.Next(3) > 0
            ? labels.Add(DependencyLabel.Name, DependencyLabel.Text([new ServiceDependency(before.Spec.Annotations.Name, (DependencyCondition)world.Random.Next(2), world.Random.Next(2) == 0)]))
            : labels;
    }

    private ServiceSpec Networked(ServiceSpec spec) => spec with
    {
        Task = spec.Task with { Networks = [.. SimulatedCluster.SmallNetworks.Where(_ => world.Random.Next(2) == 0).Select(id => new NetworkAttachmentConfig { Target = id })] },
        Endpoint = world.Random.Next(4) switch
        {
            0 => new EndpointSpec { Mode = ResolutionMode.DnsRoundRobin },
            1 => new EndpointSpec(),
            _ => new EndpointSpec { Ports = [new PortConfig { TargetPort = 80 }] },
        },
    };

    /// <summary>A plain container starts on a network, or one ends: while the machine's daemon runs, which tells the leader.</summary>
    private void Containers(Machine machine) => Do($"a container of {machine.Id}", () =>
    {
        var places = machine.Networks.Places;
        if (!machine.IsUp)
        {
            return;
        }

        if (places.IsEmpty || world.Random.Next(2) == 0)
        {
            var network = SimulatedCluster.SmallNetworks[world.Random.Next(SimulatedCluster.SmallNetworks.Length)];
            var id = Ids.New(world.Random);
            machine.Networks.Places = places.Add(new ContainerPlace { TaskId = id, ContainerId = "c" + id, NetworkId = network });
            world.Write(new StoreTransaction().Create(new SwarmTask
            {
                Id = id,
                NodeId = machine.Id,
                DesiredState = TaskState.Running,
                Spec = new TaskSpec { Attached = new AttachedContainer { ContainerId = "c" + id }, Networks = [new NetworkAttachmentConfig { Target = network }] },
            }));
        }
        else
        {
            machine.Networks.Places = places.RemoveAt(0);
            if (world.Store.View.Tasks.Find(places[0].TaskId) is { } task)
            {
                world.Write(new StoreTransaction().Delete(task));
            }
        }
    });

    private void Rebalance()
    {
        if (Pick() is not { PendingDelete: false, Spec.Mode: ServiceMode.Replicated, UpdateStatus: null or { State: not (UpdateState.Updating or UpdateState.RollbackStarted) } } service)
        {
            return;
        }

        Do($"rebalance {service.Spec.Annotations.Name}", () =>
        {
            var control = new ServiceControl(world.Store, new IdSource(world.Random), new ServiceValidation(_ => null), world.Time);
            var moves = control.RebalanceAsync(service.Id, world.Random.Next(1, 5), dryRun: false, CancellationToken.None).Result;
            _log.Add($"  {moves.Count} tasks leave");
            world.OnCommit();
        });
    }

    private void Relabel(Machine machine) => Do($"relabel {machine.Id}", () =>
    {
        var node = world.Store.View.Nodes.Find(machine.Id)!;
        var labels = node.Spec.Annotations.Labels.SetItem("zone", $"{world.Random.Next(Zones)}");
        world.Write(new StoreTransaction().Update(node with { Spec = node.Spec with { Annotations = node.Spec.Annotations with { Labels = labels } } }));
    });

    private Service AsJob(Service service) => service with
    {
        Job = new JobStatus(),
        Spec = service.Spec with
        {
            Mode = service.Spec.Mode == ServiceMode.Global ? ServiceMode.GlobalJob : ServiceMode.ReplicatedJob,
            Replicas = (ulong)world.Random.Next(1, 4),
            TotalCompletions = (ulong)world.Random.Next(0, 9),
            Update = null,
        },
    };

    private void RemoveService()
    {
        if (Pick() is { } service)
        {
            var isPending = world.Random.Next(2) == 0;
            Do($"remove {service.Spec.Annotations.Name}", () => world.Write(
                isPending ? new StoreTransaction().Update(service with { PendingDelete = true }) : new StoreTransaction().Delete(service)));
        }
    }

    private void Change(string what, Func<Service, Service> change)
    {
        if (Pick() is { PendingDelete: false } service)
        {
            if (service.Job is { } job)
            {
                (what, change) = ("run again", one => one with { Job = job with { Iteration = job.Iteration + 1 } });
            }

            Do($"{what} {service.Spec.Annotations.Name}", () => world.Write(
                new StoreTransaction().Update(change(service) with { SpecVersion = service.Meta.Version, UpdateStatus = null })));
        }
    }

    private void SetAvailability(Machine machine, NodeAvailability availability) => Do($"{availability} {machine.Id}", () =>
    {
        var node = world.Store.View.Nodes.Find(machine.Id)!;
        world.Write(new StoreTransaction().Update(node with { Spec = node.Spec with { Availability = availability } }));
    });

    private Service? Pick()
    {
        var services = world.Store.View.Services.ToList();
        return services.Count == 0 ? null : services[world.Random.Next(services.Count)];
    }

    private void Do(string what, Action act)
    {
        _log.Add($"{world.Time.Elapsed} {what}");
        world.Call(act);
    }
}
