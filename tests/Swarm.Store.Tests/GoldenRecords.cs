using System.Collections.Immutable;
using Swarm.Model;
using TaskStatus = Swarm.Model.TaskStatus;

namespace Swarm.Store.Tests;

/// <summary>What the files of Golden/ hold: one record of every table as the first version knew it, with something in most fields.</summary>
internal static class GoldenRecords
{
    internal static readonly DateTimeOffset Time = new(2026, 11, 23, 22, 0, 0, TimeSpan.Zero);

    internal static readonly ImmutableArray<IStoreObject> All =
    [
        new Cluster
        {
            Id = "cluster1",
            Spec = new ClusterSpec { TaskHistoryRetentionLimit = 7, LogDriver = new DriverConfig { Name = "json-file" } },
            RootCa = new RootCa { Certificate = "cert", Key = "key", Digest = "sha256:00", WorkerJoinToken = "w", ManagerJoinToken = "m" },
            RemovedNodes = [new RemovedNode { NodeId = "gone", Until = Time.AddDays(90) }],
        },
        new Node
        {
            Id = "node1",
            Spec = new NodeSpec { Annotations = new Annotations { Name = "m1", Labels = Labels("zone", "a") }, Role = NodeRole.Manager, Availability = NodeAvailability.Drain },
            Description = new NodeDescription
            {
                Hostname = "m1",
                Platform = new Platform { Architecture = "x86_64", Os = "linux" },
                Resources = new Resources { NanoCpus = 2_000_000_000, MemoryBytes = 1L << 34, Generic = [new GenericResource { Kind = "gpu", NamedValue = "u1" }] },
                Plugins = [new EnginePlugin { Type = "Network", Name = "bridge" }],
                CertIssuerSubject = [1, 2, 3],
            },
            Status = new NodeStatus { State = NodeState.Ready, Address = "10.1.0.1" },
            Manager = new ManagerStatus { Address = "10.1.0.1:2377" },
            Role = NodeRole.Manager,
        },
        new Service
        {
            Id = "service1",
            Spec = new ServiceSpec
            {
                Annotations = new Annotations { Name = "web", Labels = Labels("tier", "front") },
                Task = Spec,
                Replicas = 3,
                Update = new UpdateConfig { Parallelism = 2, Order = UpdateOrder.StartFirst, MaxFailureRatio = 0.25 },
                Endpoint = new EndpointSpec { Ports = [new PortConfig { TargetPort = 80, PublishedPort = 8080 }] },
                Networks = [new NetworkAttachmentConfig { Target = "network1", Aliases = ["www"] }],
            },
            PreviousSpec = new ServiceSpec { Replicas = 1 },
            SpecVersion = 4,
            UpdateStatus = new UpdateStatus { State = UpdateState.Paused, StartedAt = Time, Message = "paused" },
            Endpoint = new ServiceEndpoint { VirtualIps = [new VirtualIp { NetworkId = "network1", Address = "10.0.1.2/24" }] },
        },
        new SwarmTask
        {
            Id = "task1",
            ServiceId = "service1",
            Slot = 2,
            NodeId = "node1",
            Spec = Spec,
            SpecVersion = 4,
            Status = new TaskStatus
            {
                State = TaskState.Failed,
                Timestamp = Time,
                Message = "started",
                Error = "task: non-zero exit (137)",
                Container = new ContainerStatus { ContainerId = "c1", Pid = 17, ExitCode = 137 },
                HostPorts = [new PortConfig { Protocol = PortProtocol.Udp, TargetPort = 53, PublishMode = PublishMode.Host }],
            },
            DesiredState = TaskState.Shutdown,
            Name = "web.2.task1",
            ServiceName = "web",
            ServiceLabels = Labels("tier", "front"),
        },
        new Swarm.Model.Network { Id = "network1", Annotations = new Annotations { Name = "front" }, Driver = new DriverConfig { Name = "overlay", Options = Labels("mtu", "1400") }, Attachable = true },
        new Secret { Id = "secret1", Annotations = new Annotations { Name = "password" }, Data = [0, 255, 7] },
        new Config { Id = "config1", Annotations = new Annotations { Name = "site" }, Data = [42] },
    ];

    private static TaskSpec Spec => new()
    {
        Container = new ContainerSpec
        {
            Image = "nginx:1.27",
            Args = ["-g", "daemon off;"],
            Env = ["A=1"],
            Mounts = [new Mount { Type = MountType.Volume, Source = "data", Target = "/data", VolumeDriver = new DriverConfig { Name = "local" } }],
            StopGracePeriod = TimeSpan.FromSeconds(3),
            Healthcheck = new Healthcheck { Test = ["CMD", "true"], Interval = TimeSpan.FromSeconds(1), Retries = 3 },
            Dns = new DnsConfig { Nameservers = ["10.0.0.1"] },
            Secrets = [new FileReference { Id = "secret1", Name = "password", TargetPath = "/run/secrets/password" }],
            Init = true,
            Sysctls = Labels("net.core.somaxconn", "1024"),
            Ulimits = [new Ulimit { Name = "nofile", Soft = 1, Hard = 2 }],
        },
        Limits = new Resources { NanoCpus = 500_000_000 },
        Restart = new RestartPolicy { Condition = RestartCondition.OnFailure, Delay = TimeSpan.FromSeconds(1), MaxAttempts = 4 },
        Placement = new Placement { Constraints = ["node.role==worker"], MaxReplicasPerNode = 2 },
    };

    private static ImmutableSortedDictionary<string, string> Labels(string key, string value) =>
        ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create(key, value)]);
}
