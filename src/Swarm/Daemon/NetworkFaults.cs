using Swarm.Engine;
using Swarm.Networking;

namespace Swarm.Daemon;

/// <summary>Refusals of the networking room as the API answers them.</summary>
internal static class NetworkFaults
{
    /// <exception cref="EngineException">In place of a <see cref="NetworkFault"/>, or of a refusal by the kernel.</exception>
    public static async Task<T> CatchAsync<T>(Func<Task<T>> action)
    {
        try
        {
            return await action();
        }
        catch (NetworkFault fault)
        {
            throw new EngineException(
                fault.Kind switch
                {
                    NetworkFaultKind.Invalid => 400,
                    NetworkFaultKind.Forbidden => 403,
                    NetworkFaultKind.NotFound => 404,
                    NetworkFaultKind.Conflict => 409,
                    NetworkFaultKind.Unsupported => 501,
                    _ => 500,
                },
                fault.Message,
                fault);
        }
        catch (IOException error)
        {
            throw new EngineException(500, $"failed to set up container networking: {error.Message}", error);
        }
    }
}
