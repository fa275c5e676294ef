using Microsoft.Extensions.Logging;
using Swarm.Engine.Archives;
using Swarm.Engine.Build.Dockerfiles;
using Swarm.Engine.Images;

namespace Swarm.Engine.Build;

/// <summary>
/// The classic builder: a Dockerfile and its context become an image, one image a step. The images of the steps are the cache. Stages that do
/// not need each other run side by side.
/// </summary>
public sealed partial class ImageBuilder
{
    /// <summary>Steps at once in one build that run a container or copy files.</summary>
    private const int MaxConcurrentSteps = 4;

    private readonly string _folder;
    private readonly ILogger<ImageBuilder> _logger;

    /// <param name="folder">For contexts; what a killed daemon left there is removed.</param>
    /// <param name="http">For `ADD URL`.</param>
    public ImageBuilder(LocalImages local, IBuildContainers containers, string folder, HttpClient http, ILogger<ImageBuilder> logger)
    {
        (Local, Containers, Http, _folder, _logger) = (local, containers, http, folder, logger);
        Directory.CreateDirectory(folder);
        foreach (var leftover in Directory.EnumerateDirectories(folder))
        {
            Tree.Delete(leftover);
        }

        foreach (var id in local.Rootfs.Ids.Where(id => id.StartsWith(BuildRoot.Prefix, StringComparison.Ordinal)))
        {
            local.Rootfs.Remove(id);
        }
    }

    internal LocalImages Local { get; }

    internal IBuildContainers Containers { get; }

    /// <summary>What downloads from elsewhere than registries.</summary>
    public HttpClient Http { get; }

    /// <summary>Builds and tags. Answers the image's id.</summary>
    /// <param name="context">A tar archive, compressed or not.</param>
    /// <param name="emit">Gets the progress, in Docker's order and words; slow readers hold the build up.</param>
    /// <exception cref="EngineException">What Docker refuses, with its status and text.</exception>
    /// <exception cref="BuildFailedException">A command failed.</exception>
    public async Task<string> BuildAsync(BuildOptions options, Stream context, Func<BuildLine, ValueTask> emit, CancellationToken cancellation)
    {
        var tags = options.Tags.Select(Tag).DistinctBy(tag => tag.Canonical).ToList();
        using var files = await Task.Run(
            () => BuildContext.Unpack(context, NewFolder(), options.Dockerfile, cancellation), cancellation);
        var dockerfile = DockerfileReader.Read(files.Dockerfile);
        var stages = Stages.Of(dockerfile, options.Target, options.Labels);
        using var build = new BuildRun(this, options, files, dockerfile, stages, MaxConcurrentSteps);
        var id = await build.RunAsync(emit, cancellation);
        await emit(new BuildLine($"Successfully built {id["sha256:".Length..][..12]}\n"));
        foreach (var tag in tags)
        {
            Local.Images.Tag(id, tag);
            await emit(new BuildLine($"Successfully tagged {tag.Familiar}\n"));
        }

        return id;
    }

    internal string NewFolder() => Path.Combine(_folder, Guid.NewGuid().ToString("N"));

    internal void NotRemoved(Exception e, IBuildContainer container) => ContainerStays(e, container.Id);

    private static ImageReference Tag(string text)
    {
        var reference = ImageReference.Parse(text);
        return reference.HasDigest
            ? throw EngineException.BadRequest("build tag cannot contain a digest")
            : reference.WithDefaultTag();
    }

    [LoggerMessage(1, LogLevel.Warning, "the container {Id} of a build could not be removed")]
    private partial void ContainerStays(Exception e, string id);
}
