using System.IO.Pipes;
using Swarm.Linux;
using Swarm.Networking.Netlink;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Bridge;

/// <summary>
/// Hears from the kernel when links or rules are deleted, by us or by somebody else (a firewall that is loaded anew flushes all tables), and asks
/// for a look. One thread that only waits.
/// </summary>
internal sealed class KernelWatch : IDisposable
{
    private readonly NetlinkSocket links;
    private readonly NetlinkSocket rules;
    private readonly AnonymousPipeServerStream alive = new(PipeDirection.Out);
    private readonly Action look;
    private readonly Thread thread;

    /// <param name="look">Called on the watch's own thread, as often as something was deleted; it must not wait.</param>
    public KernelWatch(NetworkNamespace host, Action look)
    {
        this.look = look;
        (links, rules) = host.Run(() => (new NetlinkSocket(NetlinkRoute), new NetlinkSocket(NetlinkNetfilter)));
        links.Subscribe(GroupLinks);
        rules.Subscribe(GroupRules);
        const int stackBytes = 256 * 1024;
        thread = new Thread(Loop, stackBytes) { IsBackground = true, Name = "kernel watch" };
        thread.Start();
    }

    public void Dispose()
    {
        alive.Dispose(); // the thread's end of the pipe hears of it
        thread.Join();
        links.Dispose();
        rules.Dispose();
    }

    private void Loop()
    {
        using var end = new AnonymousPipeClientStream(PipeDirection.In, alive.ClientSafePipeHandle);
        using var epoll = new Epoll();
        var endDescriptor = (int)end.SafePipeHandle.DangerousGetHandle();
        foreach (var descriptor in (ReadOnlySpan<int>)[endDescriptor, links.Descriptor, rules.Descriptor])
        {
            epoll.Watch(descriptor, Epoll.In);
        }

        Span<Epoll.Event> ready = stackalloc Epoll.Event[3];
        while (true)
        {
            foreach (var happened in ready[..epoll.Wait(ready, milliseconds: -1)])
            {
                if (happened.Data == endDescriptor)
                {
                    return;
                }

                var changes = (happened.Data == links.Descriptor ? links : rules).TakeChanges();
                if (changes is null || changes.Any(type => type is RouteConstants.DeleteLink or DeleteTable or DeleteChain or DeleteRule))
                {
                    look();
                }
            }
        }
    }
}
