namespace Swarm.Chaos.Checkers;

/// <summary>An invocation or a return in the search's doubly linked list, out of which a placed call is lifted and into which it is put back.</summary>
internal sealed class Entry<T>
{
    private Entry<T>? _previous;

    private Entry(Call<T> call, int index, bool isReturn) => (Call, Index, IsReturn) = (call, index, isReturn);

    public Call<T> Call { get; }

    /// <summary>Of the call.</summary>
    public int Index { get; }
    public bool IsReturn { get; }

    /// <summary>Of an invocation whose outcome is known.</summary>
    public Entry<T>? Return { get; private set; }
    public Entry<T>? Next { get; private set; }

    /// <summary>Answers a head that stands for nothing. At the same moment invocations come before returns: such calls count as concurrent.</summary>
    public static Entry<T> ListOf(IReadOnlyList<Call<T>> calls)
    {
        var events = new List<(TimeSpan At, Entry<T> Entry)>(calls.Count * 2);
        for (var i = 0; i < calls.Count; i++)
        {
            var invocation = new Entry<T>(calls[i], i, isReturn: false);
            events.Add((calls[i].Invoked, invocation));
            if (calls[i].Returned is { } at)
            {
                invocation.Return = new Entry<T>(calls[i], i, isReturn: true);
                events.Add((at, invocation.Return));
            }
        }

        var head = new Entry<T>(new Call<T>(default!, default, null), -1, isReturn: false);
        var last = head;
        foreach (var (_, entry) in events.OrderBy(e => e.At).ThenBy(e => e.Entry.IsReturn))
        {
            last.Next = entry;
            entry._previous = last;
            last = entry;
        }

        return head;
    }

    public void Lift()
    {
        Unlink();
        Return?.Unlink();
    }

    /// <summary>In the opposite order of <see cref="Lift"/>, and only of the entry that was lifted last.</summary>
    public void Unlift()
    {
        Return?.Relink();
        Relink();
    }

    private void Unlink()
    {
        _previous!.Next = Next;
        if (Next is not null)
        {
            Next._previous = _previous;
        }
    }

    private void Relink()
    {
        _previous!.Next = this;
        if (Next is not null)
        {
            Next._previous = this;
        }
    }
}
