namespace Swarm.Chaos.Checkers;

/// <summary>One call as the search sees it.</summary>
/// <param name="Returned">Null: the outcome is unknown, so it may take effect at any time after the call, or never.</param>
public sealed record Call<T>(T Operation, TimeSpan Invoked, TimeSpan? Returned);

/// <summary>What the object does when an operation takes effect: false if it would not have given this answer in that state.</summary>
public delegate bool Model<TState, in T>(TState state, T operation, out TState next);

/// <param name="Placed">Completed calls in the longest order that was found.</param>
/// <param name="Stuck">The call that must have taken effect next in that order, and cannot; null unless violated.</param>
/// <param name="State">The object's state there.</param>
public sealed record LinearizabilityResult<TState, T>(Verdict Verdict, int Placed, Call<T>? Stuck, TState State);

/// <summary>
/// Is there one order of all calls, each between its invocation and its return, in which a single object would have given these answers? The search of
/// Wing and Gong ("Testing and Verifying Concurrent Objects", 1993) with Lowe's memory of the places it has been ("Testing for Linearizability", 2017).
/// </summary>
public sealed class Linearizability<TState, T>(Model<TState, T> model, SearchBound bound, TimeProvider time)
    where TState : notnull
{
    /// <summary>Looking at the clock costs more than a step.</summary>
    private const int StepsBetweenClocks = 4096;

    public LinearizabilityResult<TState, T> Check(TState initial, IReadOnlyList<Call<T>> calls)
    {
        var head = Entry<T>.ListOf(calls);
        var open = calls.Count(c => c.Returned is not null);
        var completed = open;
        var placed = new PlacedSet(calls.Count);
        var seen = new HashSet<(PlacedSet, TState)>();
        var path = new Stack<(Entry<T> Entry, TState Before)>();
        var state = initial;
        var best = (Placed: -1, Stuck: (Call<T>?)null, State: initial);
        var started = time.GetTimestamp();
        var entry = head.Next;
        for (long steps = 0; open > 0; steps++)
        {
            if (steps >= bound.Steps || (steps % StepsBetweenClocks == 0 && time.GetElapsedTime(started) > bound.Time))
            {
                return new LinearizabilityResult<TState, T>(Verdict.Unknown, best.Placed, null, best.State);
            }

            if (entry is { IsReturn: false })
            {
                if (model(state, entry.Call.Operation, out var next) && seen.Add((placed.With(entry.Index), next)))
                {
                    path.Push((entry, state));
                    placed = placed.With(entry.Index);
                    state = next;
                    open -= entry.Return is null ? 0 : 1;
                    entry.Lift();
                    entry = head.Next;
                }
                else
                {
                    entry = entry.Next;
                }

                continue;
            }

            // A return whose call has no place yet: everything that was called before it has been tried from here.
            if (completed - open > best.Placed)
            {
                best = (completed - open, entry?.Call, state);
            }

            if (!path.TryPop(out var last))
            {
                return new LinearizabilityResult<TState, T>(Verdict.Violated, best.Placed, best.Stuck, best.State);
            }

            last.Entry.Unlift();
            open += last.Entry.Return is null ? 0 : 1;
            placed = placed.Without(last.Entry.Index);
            state = last.Before;
            entry = last.Entry.Next;
        }

        return new LinearizabilityResult<TState, T>(Verdict.Held, completed, null, state);
    }
}
