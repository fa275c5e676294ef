using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <summary>What a registry says of a reference: GET /distribution/{name}/json.</summary>
/// <param name="Size">Bytes of the manifest.</param>
public sealed record DistributionInspection(string MediaType, string Digest, long Size, IReadOnlyList<ImagePlatform> Platforms)
{
    /// <summary>For finding the registry and its first answer: a service's creation waits for it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    internal static async Task<DistributionInspection> GetAsync(
        RegistryClient registry, ImageReference reference, string? auth, TimeProvider time, CancellationToken cancellation)
    {
        var repository = registry.Repository(reference.Host, reference.Path, RegistryAuth.Parse(auth));
        using var late = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            await repository.PingAsync(both.Token);
            var fetched = await repository.GetManifestAsync(reference.Digest?.ToString() ?? reference.Tag!, both.Token);
            return new DistributionInspection(
                fetched.MediaType.Length > 0 ? fetched.MediaType : fetched.Manifest.MediaType,
                fetched.Digest.ToString(),
                fetched.Content.Length,
                fetched.Manifest.IsIndex ? PlatformsOf(fetched.Manifest) : [await PlatformAsync(repository, fetched.Manifest, both.Token)]);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new EngineException(500, $"the registry {reference.Host} did not answer within {Patience.TotalSeconds} seconds");
        }
        catch (RegistryException e)
        {
            throw new EngineException(
                e.Fault switch
                {
                    RegistryFault.Unauthorized => 401,
                    RegistryFault.Denied => 403,
                    RegistryFault.ManifestUnknown or RegistryFault.NameUnknown => 404,
                    _ => 500,
                },
                e.Message,
                e);
        }
    }

    private static List<ImagePlatform> PlatformsOf(Manifest index) =>
    [
        .. (index.Manifests ?? []).Where(entry => entry.Platform is not null)
            .Select(entry => new ImagePlatform(entry.Platform!.Os, entry.Platform.Architecture, entry.Platform.Variant ?? "")),
    ];

    private static async Task<ImagePlatform> PlatformAsync(RegistryRepository repository, Manifest manifest, CancellationToken cancellation)
    {
        var content = await repository.GetSmallBlobAsync(manifest.Config!, ImageConfigDocument.MaxSize, cancellation);
        try
        {
            var document = ImageConfigDocument.Parse(content);
            return new ImagePlatform(document.Os ?? ImagePull.Os, document.Architecture ?? "", document.Variant ?? "");
        }
        catch (InvalidDataException e)
        {
            throw new RegistryException(RegistryFault.Invalid, e.Message, e);
        }
    }
}
