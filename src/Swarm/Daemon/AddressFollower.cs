using System.Net.NetworkInformation;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Swarm.Daemon;

/// <summary>Looks at this machine's addresses again whenever the kernel says that they changed.</summary>
/// <param name="look">Takes over what is found.</param>
internal static class AddressFollower
{
    internal static async Task RunAsync(Action look, CancellationToken cancellation)
    {
        var changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        void OnChanged(object? sender, EventArgs e) => changes.Writer.TryWrite(true);
        NetworkChange.NetworkAddressChanged += OnChanged;
        try
        {
            // What changed before the first event could be heard.
            look();
            await foreach (var _ in changes.Reader.ReadAllAsync(cancellation))
            {
                look();
            }
        }
        finally
        {
            NetworkChange.NetworkAddressChanged -= OnChanged;
        }
    }
}
