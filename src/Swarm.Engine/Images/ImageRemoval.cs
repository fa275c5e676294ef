using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <summary>One line of `docker rmi`: either is set.</summary>
public sealed record ImageDeletion(string? Untagged = null, string? Deleted = null);

/// <param name="Deleted">Null: only names go.</param>
internal sealed record RemovalPlan(ImageState After, IReadOnlyList<string> Untagged, StoredImage? Deleted);

/// <summary>
/// Decides what `docker rmi` does, by Docker's rules: a name among several only goes; the last name takes the image with it; an id takes all
/// names if they are of one repository; containers that use the image refuse, running ones for good.
/// </summary>
internal sealed class ImageRemoval(ImageState state, StoredImage image, string asked, bool force, IImageUse use)
{
    private const int ShortId = 12;

    /// <exception cref="EngineException">409.</exception>
    public RemovalPlan Plan()
    {
        var names = state.NamesOf(image.Id);
        if (!image.Id.Hex.StartsWith(asked.Replace("sha256:", "", StringComparison.Ordinal), StringComparison.Ordinal))
        {
            return ByName(names);
        }

        if (!IsOneRepository(names) && !force)
        {
            throw EngineException.Conflict(
                $"conflict: unable to delete {Short(image.Id.Hex)} (must be forced) - image is referenced in multiple repositories");
        }

        RefuseIfUsed();
        return Whole(state, image.Id);
    }

    /// <summary>The image and every name of it.</summary>
    public static RemovalPlan Whole(ImageState state, Digest id)
    {
        var names = state.NamesOf(id);
        var after = new ImageState(state.Images.Remove(id), state.References.RemoveRange(names.Select(name => name.Canonical)));
        return new RemovalPlan(after, [.. names.Select(name => name.Familiar)], state.Images[id]);
    }

    private RemovalPlan ByName(IReadOnlyList<ImageReference> names)
    {
        var parsed = ImageReference.Parse(asked).WithDefaultTag();
        var wanted = parsed.Digest is { } digest ? parsed.WithDigest(digest) : parsed;
        var left = names.Where(name => name.Canonical != wanted.Canonical).ToList();

        // Digests are remembered for the sake of the tag that was pulled: without a tag of their repository they go too.
        if (!left.Any(name => name.Digest is null && name.Name == wanted.Name))
        {
            left.RemoveAll(name => name.Name == wanted.Name);
        }

        if (left.Count == 0)
        {
            var users = use.UsersOf(image.Id.ToString());
            if (!force && users is [var user, ..])
            {
                throw EngineException.Conflict(
                    $"conflict: unable to remove repository reference \"{asked}\" (must force) - container {Short(user.ContainerId)} is using its referenced image {Short(image.Id.Hex)}");
            }

            // Forced: the name goes anyway, the image only if nothing runs on it; stopped containers keep its layers.
            if (!users.Any(user => user.Running))
            {
                return Whole(state, image.Id);
            }
        }

        var gone = names.Except(left).ToList();
        var after = state with { References = state.References.RemoveRange(gone.Select(name => name.Canonical)) };
        return new RemovalPlan(after, [.. gone.Select(name => name.Familiar)], null);
    }

    private void RefuseIfUsed()
    {
        var users = use.UsersOf(image.Id.ToString());
        if (users.FirstOrDefault(user => user.Running) is { } running)
        {
            throw EngineException.Conflict(
                $"conflict: unable to delete {Short(image.Id.Hex)} (cannot be forced) - image is being used by running container {Short(running.ContainerId)}");
        }

        if (!force && users is [var stopped, ..])
        {
            throw EngineException.Conflict(
                $"conflict: unable to delete {Short(image.Id.Hex)} (must be forced) - image is being used by stopped container {Short(stopped.ContainerId)}");
        }
    }

    private static bool IsOneRepository(IReadOnlyList<ImageReference> names) =>
        names.Count(name => name.Digest is null) <= 1 && names.Select(name => name.Name).Distinct().Count() <= 1;

    private static string Short(string id) => id.Length > ShortId ? id[..ShortId] : id;
}
