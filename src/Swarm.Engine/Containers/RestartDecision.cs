namespace Swarm.Engine.Containers;

/// <summary>Whether and when a container that ended is started again.</summary>
internal static class RestartDecision
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100), Longest = TimeSpan.FromMinutes(1), Stable = TimeSpan.FromSeconds(10);

    /// <summary>The wait before the next start; null: it stays ended. It doubles from 100 ms up to a minute, and a run of 10 s starts it over.</summary>
    /// <param name="last">The wait before the run that ended; zero: it was the first.</param>
    public static TimeSpan? DelayOf(Wire.RestartPolicy? policy, ContainerState ended, TimeSpan last)
    {
        if (!Wanted(policy, ended))
        {
            return null;
        }

        if (last == TimeSpan.Zero || ended.FinishedAt - ended.StartedAt >= Stable)
        {
            return First;
        }

        return last * 2 < Longest ? last * 2 : Longest;
    }

    /// <summary>Whether the daemon's start brings back a container that does not run, whose end the daemon before may not have seen.</summary>
    public static bool WantedAtStart(Wire.RestartPolicy? policy, ContainerState state) =>
        state.StartedAt is not null && (policy?.Name == "always" || Wanted(policy, state));

    private static bool Wanted(Wire.RestartPolicy? policy, ContainerState ended) => !ended.StoppedByUser && policy?.Name switch
    {
        "always" or "unless-stopped" => true,
        "on-failure" => ended.ExitCode != 0 && (policy.MaximumRetryCount == 0 || ended.RestartCount < policy.MaximumRetryCount),
        _ => false,
    };
}
