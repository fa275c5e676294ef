using Swarm.Api.Client;

namespace Swarm.Lab.Demo;

/// <summary>Asks whichever of several managers answers, again and again until one does: what a careful client of a cluster does.</summary>
public sealed class Survivors(Lab lab, IReadOnlyList<string> managers, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(20);

    /// <summary>One manager may hang or wait for a leader; the next is asked then.</summary>
    private static readonly TimeSpan PerCall = TimeSpan.FromSeconds(5);

    private readonly List<EngineClient> _clients = [.. managers.Select(lab.Connect)];

    /// <summary>Repeats until <paramref name="ask"/> answers something else than null.</summary>
    /// <exception cref="LabException">Not within <paramref name="limit"/>, with the last refusal.</exception>
    public async Task<T> UntilAsync<T>(string what, TimeSpan limit, Func<EngineClient, CancellationToken, Task<T?>> ask, CancellationToken cancellation)
        where T : class
    {
        var start = time.GetTimestamp();
        Exception? refusal = null;
        for (var turn = 0; time.GetElapsedTime(start) < limit; turn++)
        {
            using var timer = new CancellationTokenSource(PerCall, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellation);
            try
            {
                if (await ask(_clients[turn % _clients.Count], both.Token) is { } answer)
                {
                    return answer;
                }
            }
            catch (Exception e) when (e is EngineUnreachableException or EngineClientException
                || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                refusal = e;
            }

            await Task.Delay(AskAgain, time, cancellation);
        }

        throw new LabException($"{what}: not within {limit.TotalSeconds:0} s{(refusal is null ? "" : "; last answer: " + refusal.Message)}", refusal);
    }

    public void Dispose() => _clients.ForEach(c => c.Dispose());
}
