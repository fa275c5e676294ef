namespace Swarm.Lab.Disks;

/// <summary>What the kernel says of a node's disk.</summary>
public enum DiskState
{
    /// <summary>The lab's nodes have no disks of their own, only folders.</summary>
    None,

    /// <summary>Not mounted: the node is off.</summary>
    Off,
    Sound,

    /// <summary>A filler takes all free space.</summary>
    Full,

    /// <summary>Every write fails; a restart repairs it.</summary>
    Broken,
}
