using System.Runtime.InteropServices;

namespace Swarm.Networking.Netlink;

/// <summary>The kernel refused a routing request: what was asked, the errno's text, and the kernel's own sentence where it has one.</summary>
public sealed class NetlinkException(string request, int errno, string? kernelMessage = null)
    : IOException($"{request}: {Marshal.GetPInvokeErrorMessage(errno)}{(kernelMessage is null ? "" : $" ({kernelMessage})")}", errno)
{
    /// <summary>errno(3), positive.</summary>
    public int Errno { get; } = errno;

    public bool AlreadyExists => Errno == RouteConstants.AlreadyExists;

    /// <summary>The link, route or address is not there.</summary>
    public bool NotThere => Errno is RouteConstants.NoDevice or RouteConstants.NoEntry or NoProcess or AddressNotAvailable;

    /// <summary>As the kernel answers what only a newer one knows.</summary>
    public bool NotUnderstood => Errno == InvalidArgument;

    private const int InvalidArgument = 22; // EINVAL
    private const int NoProcess = 3; // ESRCH: rtnetlink's answer for a route that is not there
    private const int AddressNotAvailable = 99; // EADDRNOTAVAIL: ... for an address
}
