using System.Runtime.CompilerServices;
using Swarm.Engine.Stats;

namespace Swarm.Engine.Containers;

public sealed partial class ContainerEngine
{
    private static readonly TimeSpan SampleInterval = TimeSpan.FromSeconds(1);

    /// <summary>One sample, with no other to compare it to.</summary>
    public ContainerStats Sample(Container container) => _sampler.Sample(container, Specs.CgroupPath(container.Record));

    /// <summary>A sample and, a second later and each second from then on, the next, until the container is removed.</summary>
    public async IAsyncEnumerable<ContainerStats> SamplesAsync(Container container, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var tick = new PeriodicTimer(SampleInterval, _time);
        var before = Sample(container);
        while (!container.Removed.IsCompleted && await tick.WaitForNextTickAsync(cancellation).ConfigureAwait(false))
        {
            var stats = Sample(container);
            stats.PrecpuStats = before.CpuStats;
            stats.Preread = before.Read;
            yield return stats;
            before = stats;
        }
    }
}
