using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Swarm.Linux;
using Swarm.Networking.Netlink;
using Swarm.Networking.Ports;

namespace Swarm.Networking.Bridge;

/// <summary>
/// Takes clients off a container that has left. The kernel translates a connection as its first packet was: a UDP client that keeps sending
/// would do so for ever, and a TCP client would wait where it can be reset. Behind the loop on a thread of its own, since a walk through the
/// kernel's table is slow; what gathers meanwhile shares the next walk.
/// </summary>
internal sealed partial class FlowSweeper : IAsyncDisposable
{
    /// <summary>Beyond it the oldest is dropped: its clients then wait for their own time limit.</summary>
    private const int QueuedSweeps = 4096;

    private readonly ILogger logger;
    private readonly FlowSocket flows;
    private readonly Channel<Sweep> sweeps = Channel.CreateBounded<Sweep>(new BoundedChannelOptions(QueuedSweeps)
    {
        SingleReader = true,
        FullMode = BoundedChannelFullMode.DropOldest,
        AllowSynchronousContinuations = true,
    });

    private readonly Task loop;

    public FlowSweeper(NetworkNamespace host, ILogger logger)
    {
        this.logger = logger;
        flows = FlowSocket.In(host);
        loop = Task.Factory.StartNew(Loop, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <param name="Gone">A container's address that nobody is to be sent to any more.</param>
    /// <param name="UdpPort">A port of the host that <paramref name="Now"/> answers.</param>
    private readonly record struct Sweep(IPAddress? Gone, int UdpPort, IPAddress? Now);

    /// <param name="ports">What was published until now.</param>
    public void Left(IReadOnlyCollection<PortTarget> ports) => Left(ports.Select(target => target.Address).Distinct());

    /// <param name="addresses">That nobody is to be sent to any more.</param>
    public void Left(IEnumerable<IPAddress> addresses)
    {
        foreach (var address in addresses)
        {
            sweeps.Writer.TryWrite(new Sweep(address, 0, null));
        }
    }

    /// <summary>A UDP client that sent before the port was published is tracked as untranslated.</summary>
    public void Came(IReadOnlyCollection<PortTarget> ports)
    {
        foreach (var (port, address, _) in ports.Where(target => target is { IsRouted: false, Port.Protocol: "udp" }))
        {
            sweeps.Writer.TryWrite(new Sweep(null, port.HostPort, address));
        }
    }

    public async ValueTask DisposeAsync()
    {
        sweeps.Writer.TryComplete();
        await loop;
        flows.Dispose();
    }

    private void Loop()
    {
        while (sweeps.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            var gone = new HashSet<IPAddress>();
            var ports = new Dictionary<(int, AddressFamily), HashSet<IPAddress>>();
            while (sweeps.Reader.TryRead(out var sweep))
            {
                if (sweep.Gone is not null)
                {
                    gone.Add(sweep.Gone);
                }
                else if (!ports.TryAdd((sweep.UdpPort, sweep.Now!.AddressFamily), [sweep.Now]))
                {
                    ports[(sweep.UdpPort, sweep.Now.AddressFamily)].Add(sweep.Now);
                }
            }

            try
            {
                flows.ForgetAnsweredBy(gone);
                if (ports.Count > 0)
                {
                    flows.Forget(flow => flow.Protocol == ProtocolType.Udp && ports.TryGetValue((flow.Port, flow.AnsweredBy.AddressFamily), out var now) && !now.Contains(flow.AnsweredBy));
                }
            }
            catch (NetlinkException error)
            {
                // A kernel without this facility serves new clients all the same.
                LogFlowsKept(logger, error.Message);
            }
        }
    }

    [LoggerMessage(7105, LogLevel.Warning, "Clients of a port that changed hands may go on to where it was until their connections end: {Reason}")]
    private static partial void LogFlowsKept(ILogger logger, string reason);
}
