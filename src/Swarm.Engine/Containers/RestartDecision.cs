namespace Swarm.Engine.Containers;

/// <summary>Whether and when a container that ended is started again.</summary>
internal static class RestartDecision
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100), Longest = TimeSpan.FromMinutes(1), Stable = TimeSpan.FromSeconds(10);

    /// <summary>The wait before the next start; null: it stays ended.</summary>
    public static TimeSpan? DelayOf(Wire.RestartPolicy? policy, ContainerState ended)
    {
        if (!Wanted(policy, ended))
        {
            return null;
        }

        if (ended.FinishedAt - ended.StartedAt >= Stable)
        {
            return First;
        }

        const int mostDoublings = 10;
        var delay = First * Math.Pow(2, Math.Min(ended.RestartCount, mostDoublings));
        return delay < Longest ? delay : Longest;
    }

    /// <summary>Whether the daemon's start brings it back.</summary>
    public static bool WantedAtStart(Wire.RestartPolicy? policy, ContainerState state) => policy?.Name switch
    {
        "always" => state.StartedAt is not null,
        "unless-stopped" => state.StartedAt is not null && !state.StoppedByUser,
        _ => false,
    };

    private static bool Wanted(Wire.RestartPolicy? policy, ContainerState ended) => !ended.StoppedByUser && policy?.Name switch
    {
        "always" or "unless-stopped" => true,
        "on-failure" => ended.ExitCode != 0 && (policy.MaximumRetryCount == 0 || ended.RestartCount < policy.MaximumRetryCount),
        _ => false,
    };
}
