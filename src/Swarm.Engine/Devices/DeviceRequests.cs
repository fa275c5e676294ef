using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Devices;

/// <summary>Devices that a container asks for by a driver. The driver is CDI.</summary>
internal static class DeviceRequests
{
    private const string Cdi = "cdi";

    /// <exception cref="EngineException">400 with Docker's words; 501: another driver.</exception>
    public static void Check(HostConfig host)
    {
        foreach (var request in host.DeviceRequests ?? [])
        {
            if (request.Driver != Cdi)
            {
                throw EngineException.NotImplemented(
                    "device requests are built for the driver cdi only: name a device of a CDI file, as in --device nvidia.com/gpu=all, in place of --gpus");
            }

            if (request.Count != 0)
            {
                throw EngineException.BadRequest("unexpected count in CDI device request");
            }

            if (request.Options is { Count: > 0 })
            {
                throw EngineException.BadRequest("unexpected options in CDI device request");
            }
        }
    }

    /// <summary>Fully qualified CDI names.</summary>
    public static IReadOnlyList<string> Names(HostConfig host) => [.. (host.DeviceRequests ?? []).SelectMany(request => request.DeviceIDs ?? []).Distinct()];
}
