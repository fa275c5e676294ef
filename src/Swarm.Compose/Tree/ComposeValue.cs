namespace Swarm.Compose.Tree;

/// <summary>A value of a compose file: a scalar, a list or a map. Immutable; every change makes a new one.</summary>
public abstract record ComposeValue(Origin At)
{
    /// <summary>What it does to the value of an earlier file in whose place it comes.</summary>
    public MergeTag Tag { get; init; }
}

/// <param name="Text">Empty for null.</param>
/// <param name="IsQuoted">Written in quotes or as a block: a text, whatever it looks like.</param>
public sealed record ComposeScalar(string Text, bool IsQuoted, Origin At) : ComposeValue(At)
{
    public bool IsNull => !IsQuoted && Text is "" or "~" or "null" or "Null" or "NULL";
}

public sealed record ComposeList(IReadOnlyList<ComposeValue> Items, Origin At) : ComposeValue(At);

/// <param name="Entries">In the order of the file.</param>
public sealed record ComposeMap(OrderedDictionary<string, ComposeValue> Entries, Origin At) : ComposeValue(At)
{
    public ComposeValue? this[string key] => Entries.GetValueOrDefault(key);

    public static ComposeMap Empty(Origin at) => new([], at);

    /// <summary>The same with one entry changed, or taken away by null.</summary>
    public ComposeMap With(string key, ComposeValue? value)
    {
        var entries = new OrderedDictionary<string, ComposeValue>(Entries, StringComparer.Ordinal);
        if (value is null)
        {
            entries.Remove(key);
        }
        else
        {
            entries[key] = value;
        }

        return this with { Entries = entries };
    }
}

/// <summary>The compose specification's `!reset` and `!override`.</summary>
public enum MergeTag { None, Reset, Override }
