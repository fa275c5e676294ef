namespace Swarm.Model;

/// <summary>
/// What Docker's services cannot ask for: container labels by which any client can (`docker service create --container-label`), and which a client that
/// sends a spec back does not lose. `swarm service create --privileged --device` sets them.
/// </summary>
public static class PrivilegeLabels
{
    /// <summary>true: as `docker run --privileged`.</summary>
    public const string Privileged = "swarm.privileged";

    /// <summary>HOST[:CONTAINER[:rwm]], several with commas between: as `docker run --device`.</summary>
    public const string Devices = "swarm.devices";

    public static bool IsPrivileged(ContainerSpec container) => container.Labels.GetValueOrDefault(Privileged) == "true";

    /// <exception cref="FormatException">Not of this form.</exception>
    public static IReadOnlyList<DeviceRequest> DevicesOf(ContainerSpec container) =>
        container.Labels.GetValueOrDefault(Devices) is { Length: > 0 } text ? [.. text.Split(',').Select(Parse)] : [];

    private static DeviceRequest Parse(string text)
    {
        var parts = text.Split(':');
        var device = new DeviceRequest(parts[0], parts.Length > 1 ? parts[1] : parts[0], parts.Length > 2 ? parts[2] : "rwm");
        var isRight = parts.Length <= 3 && device.OnHost.StartsWith('/') && device.InContainer.StartsWith('/')
            && device.Permissions.Length > 0 && device.Permissions.All(one => one is 'r' or 'w' or 'm');
        return isRight ? device : throw new FormatException($"invalid device \"{text}\": it is HOST[:CONTAINER[:rwm]], with absolute paths");
    }
}

/// <param name="Permissions">Of r (read), w (write) and m (mknod).</param>
public sealed record DeviceRequest(string OnHost, string InContainer, string Permissions);
