using Swarm.Api.Wire;

namespace Swarm.EndToEnd;

internal static class Specs
{
    /// <summary>busybox asleep; SIGKILL as its stop signal, for sleep as the first process heeds no other.</summary>
    public static ServiceSpec Sleepers(string name, ulong replicas) => new()
    {
        Name = name,
        Mode = new ServiceMode { Replicated = new ReplicatedService { Replicas = replicas } },
        TaskTemplate = new TaskSpec
        {
            ContainerSpec = new ContainerSpec { Image = "busybox:latest", Args = ["sleep", "infinity"], StopSignal = "SIGKILL" },
            RestartPolicy = new RestartPolicy { Delay = 0 },
        },
    };
}
