namespace Swarm.Rpc.Clients;

/// <summary>
/// Finds the manager that answers: the last that did, then the others in random order; follows a hint at the leader; after a whole round
/// without an answer waits a little longer each time.
/// </summary>
internal sealed class ManagerCalls(PeerAddressBook managers, Random random, TimeProvider time)
{
    internal const int MaxRounds = 6;

    /// <summary>Calls of one round that follow a leader's address instead of the list.</summary>
    internal const int MaxHints = 4;

    internal static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(100);
    internal static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private volatile string? _lastAnswered;

    /// <inheritdoc cref="CallAsync{T}(Func{string, int, CancellationToken, Task{T}}, CancellationToken)"/>
    internal Task<T> CallAsync<T>(Func<string, CancellationToken, Task<T>> call, CancellationToken cancellation) =>
        CallAsync((address, _, token) => call(address, token), cancellation);

    /// <param name="call">Gets the address and the round, from 1: a call may be more patient in a later one.</param>
    /// <exception cref="RpcFault">What the manager refused, or the last failure once every round is over.</exception>
    internal async Task<T> CallAsync<T>(Func<string, int, CancellationToken, Task<T>> call, CancellationToken cancellation)
    {
        var wait = FirstWait;
        for (var round = 1; ; round++)
        {
            var (answered, answer, failure) = await RoundAsync(call, round, cancellation).ConfigureAwait(false);
            if (answered)
            {
                return answer!;
            }

            if (round == MaxRounds)
            {
                throw failure!;
            }

            await Task.Delay(wait * Jitter(), time, cancellation).ConfigureAwait(false);
            wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
        }
    }

    private async Task<(bool Answered, T? Answer, RpcFault? Failure)> RoundAsync<T>(Func<string, int, CancellationToken, Task<T>> call, int round, CancellationToken cancellation)
    {
        var failure = new RpcFault(RpcStatus.Unavailable, "no manager of the swarm is known");
        var next = new LinkedList<string>(Candidates());
        var asked = new HashSet<string>(StringComparer.Ordinal);
        var hints = 0;
        while (next.First is { } candidate)
        {
            next.RemoveFirst();
            if (!asked.Add(candidate.Value))
            {
                continue;
            }

            try
            {
                var answer = await call(candidate.Value, round, cancellation).ConfigureAwait(false);
                _lastAnswered = candidate.Value;
                return (true, answer, null);
            }
            catch (RpcFault fault) when (fault.Status is RpcStatus.NotLeader or RpcStatus.Unavailable)
            {
                failure = fault;
                if (fault is { Status: RpcStatus.NotLeader, LeaderAddress: { } leader } && hints++ < MaxHints)
                {
                    next.AddFirst(leader);
                }
            }
        }

        return (false, default, failure);
    }

    private List<string> Candidates()
    {
        var addresses = managers.Addresses.Values.ToArray();
        lock (random)
        {
            random.Shuffle(addresses);
        }

        return _lastAnswered is { } last ? [last, .. addresses] : [.. addresses];
    }

    private double Jitter()
    {
        lock (random)
        {
            return 0.5 + (random.NextDouble() / 2);
        }
    }
}
