using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <summary>One line of `docker rmi`: either is set.</summary>
public sealed record ImageDeletion(string? Untagged = null, string? Deleted = null);

/// <param name="Deleted">Uppermost first; none: only names go.</param>
internal sealed record RemovalPlan(ImageState After, IReadOnlyList<string> Untagged, IReadOnlyList<StoredImage> Deleted);

/// <summary>
/// Decides what `docker rmi` does, by Docker's rules: a name among several only goes; the last name takes the image with it; an id takes all
/// names if they are of one repository; containers that use the image refuse, running ones for good, and so do images built upon it. With an image
/// go those it was built upon, as long as they have no name and no other use.
/// </summary>
internal sealed class ImageRemoval(ImageState state, StoredImage image, string asked, bool force, bool prune, IImageUse use)
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

        if (state.HasChildren(image.Id))
        {
            throw EngineException.Conflict(
                $"conflict: unable to delete {Short(image.Id.Hex)} (cannot be forced) - image has dependent child images");
        }

        if (!IsOneRepository(names) && !force)
        {
            throw EngineException.Conflict(
                $"conflict: unable to delete {Short(image.Id.Hex)} (must be forced) - image is referenced in multiple repositories");
        }

        RefuseIfUsed();
        return Whole(state, image.Id, prune ? use : null);
    }

    /// <summary>The image and every name of it.</summary>
    /// <param name="parents">Given: what it was built upon goes too, unless this says that it is used.</param>
    public static RemovalPlan Whole(ImageState state, Digest id, IImageUse? parents)
    {
        var names = state.NamesOf(id);
        var after = new ImageState(state.Images.Remove(id), state.References.RemoveRange(names.Select(name => name.Canonical)));
        var deleted = new List<StoredImage> { state.Images[id] };
        while (parents is not null && deleted[^1].Parent is { } parent && after.Images.GetValueOrDefault(parent) is { } below
            && !after.HasChildren(parent) && after.NamesOf(parent).Count == 0 && parents.UsersOf(parent.ToString()).Count == 0)
        {
            after = after with { Images = after.Images.Remove(parent) };
            deleted.Add(below);
        }

        return new RemovalPlan(after, [.. names.Select(name => name.Familiar)], deleted);
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
            if (!users.Any(user => user.Running) && !state.HasChildren(image.Id))
            {
                return Whole(state, image.Id, prune ? use : null);
            }
        }

        var gone = names.Except(left).ToList();
        var after = state with { References = state.References.RemoveRange(gone.Select(name => name.Canonical)) };
        return new RemovalPlan(after, [.. gone.Select(name => name.Familiar)], []);
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
