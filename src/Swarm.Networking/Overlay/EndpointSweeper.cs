using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Swarm.Linux;
using Swarm.Networking.Netlink;

namespace Swarm.Networking.Overlay;

/// <summary>
/// Takes the connections of containers off endpoints that have ended: a node that is gone says no goodbye, and UDP knows none. Behind the loop on a thread of its own,
/// since the kernel looks through all of its connections for each namespace; one that has none is passed over, and what gathers meanwhile shares the next look.
/// </summary>
internal sealed partial class EndpointSweeper : IAsyncDisposable
{
    /// <summary>Beyond it the oldest is dropped: its connections then end by their own time limits.</summary>
    private const int QueuedSweeps = 1024;

    private readonly ILogger logger;
    private readonly Channel<(IReadOnlyCollection<IPAddress> Gone, IReadOnlyCollection<string> Namespaces)> sweeps =
        Channel.CreateBounded<(IReadOnlyCollection<IPAddress>, IReadOnlyCollection<string>)>(new BoundedChannelOptions(QueuedSweeps)
        {
            SingleReader = true,
            FullMode = BoundedChannelFullMode.DropOldest,
            AllowSynchronousContinuations = true,
        });

    private readonly Task loop;

    public EndpointSweeper(ILogger logger)
    {
        this.logger = logger;
        loop = Task.Factory.StartNew(Loop, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <param name="namespaces">Files of the namespaces that may have connections to them.</param>
    public void Left(IReadOnlyCollection<IPAddress> gone, IReadOnlyCollection<string> namespaces) => sweeps.Writer.TryWrite((gone, namespaces));

    public async ValueTask DisposeAsync()
    {
        sweeps.Writer.TryComplete();
        await loop;
    }

    private void Loop()
    {
        while (sweeps.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            var gathered = new Dictionary<string, HashSet<IPAddress>>();
            while (sweeps.Reader.TryRead(out var sweep))
            {
                foreach (var path in sweep.Namespaces)
                {
                    if (!gathered.TryGetValue(path, out var gone))
                    {
                        gathered[path] = gone = [];
                    }

                    gone.UnionWith(sweep.Gone);
                }
            }

            foreach (var (path, gone) in gathered)
            {
                Sweep(path, gone);
            }
        }
    }

    private void Sweep(string path, HashSet<IPAddress> gone)
    {
        try
        {
            using var ns = NetworkNamespace.Open(path);
            using var flows = FlowSocket.In(ns);
            if (flows.Count() > 0)
            {
                flows.ForgetAnsweredBy(gone);
            }
        }
        catch (IOException) when (!NetworkNamespace.IsNamespace(path))
        {
            // The container has ended, and its connections with it.
        }
        catch (NetlinkException error)
        {
            LogFlowsKept(logger, error.Message);
        }
    }

    [LoggerMessage(7120, LogLevel.Warning, "Connections to an endpoint that ended may last until they time out: {Reason}")]
    private static partial void LogFlowsKept(ILogger logger, string reason);
}
