using System.Globalization;
using System.Net.Sockets;
using Swarm.Linux;

namespace Swarm.Daemon;

/// <summary>Sockets on which somebody listens for this process already: systemd's socket activation, sd_listen_fds(3).</summary>
internal static class PassedSockets
{
    private const string For = "LISTEN_PID", Count = "LISTEN_FDS";
    private const int First = 3;

    /// <param name="descriptor">As <see cref="Of"/> numbers them; null: all.</param>
    /// <exception cref="IOException">There are none, or there is no such one.</exception>
    public static IReadOnlyList<Socket> Take(int? descriptor)
    {
        if (Environment.GetEnvironmentVariable(For) != Environment.ProcessId.ToString(CultureInfo.InvariantCulture)
            || !int.TryParse(Environment.GetEnvironmentVariable(Count), NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count == 0)
        {
            throw new IOException("no sockets found via socket activation: make sure the service was started by systemd");
        }

        return descriptor is null ? [.. Enumerable.Range(First, count).Select(Of)]
            : descriptor >= First && descriptor < First + count ? [Of(descriptor.Value)]
            : throw new IOException($"fd://{descriptor}: the sockets that were passed on are {First} to {First + count - 1}");
    }

    /// <summary>A copy that children do not get, in place of the descriptor that they would.</summary>
    private static Socket Of(int descriptor)
    {
        var copy = FileDescriptors.Duplicate(descriptor, First);
        FileDescriptors.Close(descriptor);
        return new Socket(new SafeSocketHandle(copy, ownsHandle: true));
    }
}
