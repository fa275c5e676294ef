using Swarm.Lab.Network;
using Swarm.Lab.Nodes;
using Swarm.Lab.Processes;
using Swarm.Lab.State;

namespace Swarm.Lab;

public sealed partial class Lab
{
    /// <summary>Makes a lab: namespaces and cables, daemons in parallel, one cluster, an image on every node. Answers when all nodes are ready.</summary>
    /// <exception cref="LabException">It exists, or a daemon does not start; what had been made is taken down again, also when cancelled.</exception>
    public static async Task<Lab> UpAsync(LabHost host, LabOptions options, LabProgress progress, CancellationToken cancellation)
    {
        options.Checked();
        RequireRoot();
        var lab = new Lab(host, options.Name);
        using var held = await LabLock.TakeAsync(host, lab.Name, cancellation);
        var record = await lab.ReserveAsync(options, cancellation);
        try
        {
            await lab.BuildAsync(record, options, progress, cancellation);
            return lab;
        }
        catch (Exception) when (!options.KeepOnFailure)
        {
            progress("that failed: taking it down again");
            lab.Demolish(lab.Record);
            throw;
        }
    }

    /// <summary>Adds a node to the running cluster. Answers its name.</summary>
    public Task<string> AddAsync(LabRole role, LabOptions options, LabProgress progress, CancellationToken cancellation) =>
        ChangeAsync(async record =>
        {
            LabOptions.CheckDisks(record.DiskBytes, record.Nodes.Length + 1);
            var node = NewNode(record, role);
            record = record with { Nodes = record.Nodes.Add(node) };
            _store.Save(record);
            try
            {
                record = record.With(Machine(record, node).SwitchOn());
                await ApplyAsync(record);
                await Machine(record, record.Node(node.Name)).WaitListeningAsync(cancellation);
                var formation = new ClusterFormation(this, record, progress);
                await Task.WhenAll(formation.LoadImageAsync(node.Name, options.Busybox, cancellation), formation.JoinAsync(node.Name, Running(), cancellation));
                await formation.WaitReadyAsync(Running(), cancellation);
                return node.Name;
            }
            catch (Exception)
            {
                Machine(record, record.Node(node.Name)).Destroy();
                _store.Save(record.Without(node));
                throw;
            }
        }, cancellation);

    /// <summary>Takes a node out of the cluster and away. With <paramref name="force"/> also if the cluster cannot be asked.</summary>
    public Task RemoveAsync(string name, bool force, CancellationToken cancellation) =>
        ChangeAsync(async record =>
        {
            var node = record.Node(name);
            try
            {
                await new ClusterFormation(this, record, static _ => { }).ReleaseAsync(name, Running(), cancellation);
            }
            catch (Exception e) when (force && e is not OperationCanceledException)
            {
                // The user said so: the machine goes, and the cluster sees a dead node.
            }

            Machine(record, node).Destroy();
            _store.Save(record.Without(node));
        }, cancellation);

    /// <summary>Takes everything away: processes, mounts, namespaces, cgroups, data. Safe to repeat, and on a lab that is half made.</summary>
    public static async Task DownAsync(LabHost host, string name, CancellationToken cancellation)
    {
        RequireRoot();
        var lab = Open(host, name);
        using var held = await LabLock.TakeAsync(host, name, cancellation);
        lab.Demolish(lab.Record);
    }

    private void Demolish(LabRecord record)
    {
        Parallel.ForEach(record.Nodes, node => Machine(record, node).Destroy());
        _fabric.Remove();
        CgroupTree.Remove($"swarm-{Name}");
        MountTable.DetachBelow(Host.LabRun(Name));
        MountTable.DetachBelow(Host.LabData(Name));
        if (Directory.Exists(Host.LabRun(Name)))
        {
            Directory.Delete(Host.LabRun(Name), recursive: true);
        }

        _store.Delete(Name);
    }

    /// <summary>The record is on disk before the first thing is made, so that `down` knows what to look for.</summary>
    private async Task<LabRecord> ReserveAsync(LabOptions options, CancellationToken cancellation)
    {
        using var all = await LabLock.TakeAsync(Host, "", cancellation);
        if (_store.Find(Name) is not null)
        {
            throw new LabException($"lab {Name} stands already: take it down with 'swarm lab down {Name}', or choose another name");
        }

        var record = new LabRecord
        {
            Name = Name,
            Index = AddressPlan.FreeIndex(_store.Names().Select(_store.Find).OfType<LabRecord>().Select(lab => lab.Index)), // one that goes just now is no loss
            Binary = Path.GetFullPath(options.Binary),
            Created = Host.Time.GetUtcNow(),
            DiskBytes = options.DiskBytes,
        };
        for (var i = 0; i < options.Managers + options.Workers; i++)
        {
            record = record with { Nodes = record.Nodes.Add(NewNode(record, i < options.Managers ? LabRole.Manager : LabRole.Worker)) };
        }

        foreach (var (name, binary) in options.Binaries)
        {
            record = record.With(record.Node(name) with { Binary = Path.GetFullPath(binary) });
        }

        _store.Save(record);
        return record;
    }

    private async Task BuildAsync(LabRecord record, LabOptions options, LabProgress progress, CancellationToken cancellation)
    {
        var start = Host.Time.GetTimestamp();
        _fabric.Build(record.Index);
        foreach (var node in record.Nodes)
        {
            cancellation.ThrowIfCancellationRequested();
            record = record.With(Machine(record, node).SwitchOn());
            _store.Save(record);
        }

        await Task.WhenAll(record.Nodes.Select(async node =>
        {
            await Machine(record, node).WaitListeningAsync(cancellation);
            progress($"{node.Name,-5} {AddressPlan.Node(record, node),-14} daemon answers ({Elapsed(start)})");
        }));

        var formation = new ClusterFormation(this, record, progress);
        var images = Task.WhenAll(record.Nodes.Select(n => formation.LoadImageAsync(n.Name, options.Busybox, cancellation)));
        await Task.WhenAll(images, formation.FormAsync(cancellation));
        await formation.WaitReadyAsync([.. record.Nodes.Select(n => n.Name)], cancellation);
        progress($"lab {Name} is up: {options.Managers} managers, {options.Workers} workers ({Elapsed(start)})");
    }

    private static NodeRecord NewNode(LabRecord record, LabRole role)
    {
        var letter = role == LabRole.Manager ? 'm' : 'w';
        var number = 1;
        while (record.Nodes.Any(n => n.Name == $"{letter}{number}"))
        {
            number++;
        }

        return new NodeRecord { Name = $"{letter}{number}", Role = role, Host = AddressPlan.FreeHost(record) };
    }

    private string Elapsed(long start) => $"{Host.Time.GetElapsedTime(start).TotalSeconds:0.0} s";

    private static void RequireRoot()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw new LabException("a lab makes network namespaces and containers: run this as root");
        }
    }
}
