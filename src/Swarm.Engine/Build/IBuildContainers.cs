using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Build;

/// <summary>The seam between the builder and who runs containers; the executable puts the container engine there, tests something smaller.</summary>
public interface IBuildContainers
{
    /// <summary>Makes the container of one RUN, over an image.</summary>
    Task<IBuildContainer> CreateAsync(ContainerCreateRequest request, CancellationToken cancellation);
}

/// <summary>Disposed when the step is over, whether it was removed or is kept for its user.</summary>
public interface IBuildContainer : IDisposable
{
    string Id { get; }

    /// <summary>The upper folder of its overlay: what it changed. To be read after it ended.</summary>
    string Changes { get; }

    /// <summary>Runs it to its end and answers its exit status. Cancelled, it is killed.</summary>
    /// <param name="output">True: of the standard error.</param>
    Task<int> RunAsync(Func<bool, ReadOnlyMemory<byte>, ValueTask> output, CancellationToken cancellation);

    /// <summary>Takes it away with its volumes. Safe to repeat.</summary>
    Task RemoveAsync();
}
