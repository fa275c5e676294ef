namespace Swarm.Lab;

/// <summary>What `lab up` makes.</summary>
public sealed record LabOptions
{
    public const string DefaultName = "lab";
    public string Name { get; init; } = DefaultName;

    /// <summary>Nodes m1, m2...; at least one.</summary>
    public int Managers { get; init; } = 3;

    /// <summary>Nodes w1, w2...</summary>
    public int Workers { get; init; } = 2;

    /// <summary>The executable that the daemons run; it must stay where it is while the lab stands.</summary>
    public required string Binary { get; init; }

    /// <summary>Other executables by node name: clusters of mixed versions.</summary>
    public IReadOnlyDictionary<string, string> Binaries { get; init; } = System.Collections.Frozen.FrozenDictionary<string, string>.Empty;

    /// <summary>A statically linked busybox, out of which busybox:latest is made; null: none is loaded.</summary>
    public string? Busybox { get; init; } = "/bin/busybox";

    /// <summary>Bytes of each node's own disk (a sparse file), for the faults of disks; null: plain folders. At most 16 nodes then.</summary>
    public long? DiskBytes { get; init; }

    /// <summary>Leaves what was made, with its logs, when the lab does not come up.</summary>
    public bool KeepOnFailure { get; init; }

    /// <exception cref="LabException">Impossible numbers or names.</exception>
    public LabOptions Checked()
    {
        LabName.Lab(Name);
        if (Managers < 1)
        {
            throw new LabException("a lab needs at least one manager: --managers 1 or more");
        }

        if (Workers < 0 || Managers + Workers > Network.AddressPlan.LastHost - Network.AddressPlan.FirstHost + 1)
        {
            throw new LabException($"a lab cannot have {Managers} managers and {Workers} workers: at most {Network.AddressPlan.LastHost - Network.AddressPlan.FirstHost + 1} nodes");
        }

        CheckDisks(DiskBytes, Managers + Workers);
        if (Binaries.Values.Prepend(Binary).FirstOrDefault(binary => !File.Exists(binary)) is { } missing)
        {
            throw new LabException($"{missing} does not exist: build it with ./swarm");
        }

        if (Busybox is not null && !File.Exists(Busybox))
        {
            throw new LabException($"{Busybox} does not exist: install busybox-static, or name another with --busybox");
        }

        return this;
    }

    internal static void CheckDisks(long? bytes, int nodes)
    {
        if (bytes is < Disks.NodeDisk.MinBytes or > Disks.NodeDisk.MaxBytes)
        {
            throw new LabException($"a disk of {bytes} bytes is impossible: {Disks.NodeDisk.MinBytes >> 20} MiB to {Disks.NodeDisk.MaxBytes >> 30} GiB");
        }

        if (bytes is not null && nodes > Disks.NodeDisk.MaxPerLab)
        {
            throw new LabException($"{nodes} nodes with disks of their own are too many: at most {Disks.NodeDisk.MaxPerLab}");
        }
    }
}
