using Swarm.Api.Wire;

namespace Swarm.Chaos.Workloads;

/// <summary>The services that the workloads make.</summary>
internal static class Specs
{
    /// <summary>The label that tells the workloads' services apart.</summary>
    public const string Workload = "chaos";

    /// <summary>The label that a register's value stands in.</summary>
    public const string Value = "value";

    /// <summary>busybox asleep; SIGKILL as its stop signal, for sleep as the first process heeds no other.</summary>
    public static ServiceSpec Sleepers(string name, string workload, ulong replicas, string? value = null)
    {
        var labels = new Dictionary<string, string?> { [Workload] = workload };
        if (value is not null)
        {
            labels[Value] = value;
        }

        return new ServiceSpec
        {
            Name = name,
            Labels = labels,
            Mode = new ServiceMode { Replicated = new ReplicatedService { Replicas = replicas } },
            TaskTemplate = new TaskSpec
            {
                ContainerSpec = new ContainerSpec { Image = "busybox:latest", Args = ["sleep", "infinity"], StopSignal = "SIGKILL" },
                RestartPolicy = new RestartPolicy { Delay = 0 },
            },
        };
    }

    public static ServiceSpec WithValue(ServiceSpec spec, string value) =>
        spec with { Labels = new Dictionary<string, string?>(spec.Labels ?? new Dictionary<string, string?>()) { [Value] = value } };

    public static KeyValuePair<string, string> Only(string workload) => new("label", $"{Workload}={workload}");
}
