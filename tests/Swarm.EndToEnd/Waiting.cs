using System.Diagnostics;
using Swarm.Api.Client;

namespace Swarm.EndToEnd;

/// <summary>Waits for a condition of a cluster, with a deadline.</summary>
internal static class Waiting
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    /// <summary>Repeats until <paramref name="ask"/> answers something else than null; an engine that refuses or does not answer is asked again.</summary>
    /// <param name="seen">What to say of the cluster when it is given up.</param>
    internal static async Task<T> UntilAsync<T>(string what, Func<Task<T?>> ask, Func<string> seen, int seconds = 60)
        where T : class
    {
        var watch = Stopwatch.StartNew();
        Exception? last = null;
        while (watch.Elapsed < TimeSpan.FromSeconds(seconds))
        {
            try
            {
                if (await ask() is { } answer)
                {
                    return answer;
                }
            }
            catch (Exception e) when (e is EngineUnreachableException or EngineClientException or OperationCanceledException)
            {
                last = e;
            }

            await Task.Delay(LookAgain);
        }

        throw new TimeoutException($"not within {seconds} s: {what}\nlast refusal: {last?.Message}\n{seen()}");
    }
}
