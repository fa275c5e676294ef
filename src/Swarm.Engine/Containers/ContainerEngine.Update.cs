using System.Text.Json;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Runtime;

namespace Swarm.Engine.Containers;

public sealed partial class ContainerEngine
{
    /// <summary>Changes a container's limits, at once if it runs, and its restart policy.</summary>
    /// <returns>Warnings: what was asked for but has no effect on this machine.</returns>
    /// <exception cref="EngineException">400: a limit is wrong; 409: it is being removed; 500: the kernel refuses.</exception>
    public Task<IReadOnlyList<string>> UpdateAsync(Container container, HostConfig change, CancellationToken cancellation) => container.Mailbox.RunAsync(async () =>
    {
        try
        {
            if (container.Removing)
            {
                throw EngineException.Conflict("container is marked for removal and cannot be \"update\"");
            }

            change = change.Filled();
            List<string> warnings = [];
            var host = HostConfigDefaults.Limits(ContainerUpdate.Merge(container.Record.HostConfig, change), Cgroups, warnings);
            if (container.State.IsRunning)
            {
                await ApplyAsync(container, host, cancellation).ConfigureAwait(false);
            }

            // Limits that the kernel refuses are not kept; those that it took before a crash come back with the next start.
            var record = container.Record with { HostConfig = host };
            _store.Save(record);
            container.Record = record;
            Publish(container, "update");
            return (IReadOnlyList<string>)warnings;
        }
        catch (EngineException e)
        {
            throw new EngineException(e.Status, $"Cannot update container {container.Id}: {e.Message}", e);
        }
    });

    private async Task ApplyAsync(Container container, HostConfig host, CancellationToken cancellation)
    {
        var resources = SpecResources.Of(host, Cgroups) with { Devices = null };
        var file = Path.Combine(_starter.Bundle(container.Id), "update.json");
        await File.WriteAllBytesAsync(file, JsonSerializer.SerializeToUtf8Bytes(resources, OciJson.Default.OciResources), cancellation).ConfigureAwait(false);
        await _runtime.UpdateAsync(container.Record, file).ConfigureAwait(false);
        if (host.PidsLimit is <= 0 && container.Record.HostConfig.PidsLimit > 0)
        {
            // crun has no way to take this limit away: it writes the number that it is given.
            await File.WriteAllTextAsync(Path.Combine(Cgroups.FolderOf("pids", Specs.CgroupPath(container.Record)), "pids.max"), "max", cancellation).ConfigureAwait(false);
        }

        if (resources.Cpu?.Quota is null && SpecResources.Of(container.Record.HostConfig, Cgroups).Cpu?.Quota is not null)
        {
            // As crun: -1 is refused by the kernel as crun writes it.
            var (limit, none) = Cgroups.Mode == CgroupMode.V2 ? ("cpu.max", "max") : ("cpu.cfs_quota_us", "-1");
            await File.WriteAllTextAsync(Path.Combine(Cgroups.FolderOf("cpu", Specs.CgroupPath(container.Record)), limit), none, cancellation).ConfigureAwait(false);
        }
    }
}
