using Swarm.Linux;

namespace Swarm.Networking.Netlink;

/// <summary>
/// The kernel's routing socket (rtnetlink(7)): links, addresses, routes and neighbours of the namespace that it was opened in, wherever it is
/// used from. Each call is one or two system calls that the kernel answers at once, so they are synchronous. One thread at a time.
/// </summary>
/// <remarks>Refusals of the kernel are <see cref="NetlinkException"/>.</remarks>
public sealed partial class RouteSocket : IDisposable
{
    /// <summary>In the namespace of the calling thread.</summary>
    private readonly NetlinkSocket netlink = new(RouteConstants.NetlinkRoute);

    /// <summary>Opens a socket inside another namespace.</summary>
    public static RouteSocket In(NetworkNamespace ns) => ns.Run(static () => new RouteSocket());

    public void Dispose() => netlink.Dispose();
}
