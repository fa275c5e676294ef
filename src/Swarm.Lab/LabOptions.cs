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

    /// <summary>A statically linked busybox, out of which busybox:latest is made; null: none is loaded.</summary>
    public string? Busybox { get; init; } = "/bin/busybox";

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

        if (!File.Exists(Binary))
        {
            throw new LabException($"{Binary} does not exist: build it with ./swarm");
        }

        if (Busybox is not null && !File.Exists(Busybox))
        {
            throw new LabException($"{Busybox} does not exist: install busybox-static, or name another with --busybox");
        }

        return this;
    }
}
