namespace Swarm.Engine.Images;

/// <summary>Who keeps an image from being deleted. The containers' room implements it.</summary>
public interface IImageUse
{
    /// <param name="imageId">sha256:hex.</param>
    IReadOnlyList<ImageUser> UsersOf(string imageId);
}

/// <param name="Reference">The image as the container was asked for: busybox:latest, or an id.</param>
public sealed record ImageUser(string ContainerId, bool Running, string Reference);
