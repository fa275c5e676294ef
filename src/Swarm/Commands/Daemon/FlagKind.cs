namespace Swarm.Commands;

/// <summary>What a daemon's flag takes, and what happens when it is given twice.</summary>
internal enum FlagKind
{
    /// <summary>--flag or --flag=false; the next word is never its value. The last one wins.</summary>
    Bool,

    /// <summary>The last one wins.</summary>
    Text,

    /// <summary>A whole number; the last one wins.</summary>
    Number,

    /// <summary>An IP address, or nothing; the last one wins.</summary>
    Address,

    /// <summary>Each one adds.</summary>
    List,

    /// <summary>Each one adds a key=value; the last one of a key wins. In the file an object.</summary>
    Map,
}
