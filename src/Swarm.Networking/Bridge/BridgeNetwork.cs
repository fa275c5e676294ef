using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Swarm.Linux;
using Swarm.Networking.Ports;

namespace Swarm.Networking.Bridge;

/// <summary>
/// The default <c>bridge</c> network of a node (and <c>none</c>): attaches containers, publishes their ports, and finds both again after a
/// restart of the daemon. One loop owns all state and is fed by a channel, so changes come one after the other; <see cref="Endpoints"/> is an
/// immutable picture of it.
/// </summary>
/// <remarks>Disposing leaves every container connected; <see cref="TeardownAsync"/> leaves nothing.</remarks>
public sealed class BridgeNetwork : IAsyncDisposable
{
    /// <summary>Attachments that wait; a caller beyond waits for room.</summary>
    private const int QueuedChanges = 1024;

    private readonly BridgeState state;
    private readonly Channel<Func<Task>> changes = Channel.CreateBounded<Func<Task>>(new BoundedChannelOptions(QueuedChanges)
    {
        SingleReader = true,
        AllowSynchronousContinuations = true, // all that continues is the loop's thread, which waits: no detour by the pool
    });
    private readonly Task loop;

    private BridgeNetwork(BridgeState state)
    {
        this.state = state;
        loop = Task.Factory.StartNew(Loop, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>64 hexadecimal digits.</summary>
    public string Id => state.Id;

    /// <summary>By container.</summary>
    public ImmutableDictionary<string, BridgeEndpoint> Endpoints => state.Endpoints;

    /// <summary>
    /// Makes the bridge and its rules, and takes up the endpoints of an earlier run whose namespaces still exist. Everything of ours that
    /// belongs to none is removed.
    /// </summary>
    /// <param name="host">The namespace that the bridge is in; the caller keeps it open longer than the network.</param>
    /// <param name="random">Used by this network only.</param>
    public static async Task<BridgeNetwork> StartAsync(BridgeOptions options, NetworkNamespace host, TimeProvider time, Random random, ILoggerFactory logging, CancellationToken cancellation)
    {
        var state = new BridgeState(options, host, time, random, logging);
        try
        {
            await state.RecoverAsync(cancellation);
            return new BridgeNetwork(state);
        }
        catch
        {
            await state.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes the container's namespace on the bridge. Safe to repeat: the same request finds what is there.</summary>
    /// <param name="name">What the container is called in an error.</param>
    /// <exception cref="NetworkFault">No address is free, or a port is taken.</exception>
    public Task<BridgeEndpoint> AttachAsync(string containerId, string name, ImmutableArray<PortMapping> ports, CancellationToken cancellation) =>
        Do(() => state.AttachAsync(containerId, name, ports), cancellation);

    /// <summary>Makes a namespace with only a loopback link (<c>none</c>). Safe to repeat.</summary>
    public Task<BridgeEndpoint> AttachNoneAsync(string containerId, CancellationToken cancellation) =>
        Do(() => state.AttachNoneAsync(containerId), cancellation);

    /// <summary>
    /// Withdraws the ports, drops the namespace and frees the address. Safe to repeat. It happens also when the caller stops waiting, who may
    /// be cleaning up after a cancelled start.
    /// </summary>
    public Task DetachAsync(string containerId, CancellationToken cancellation) =>
        Do(() => state.DetachAsync(containerId), CancellationToken.None).WaitAsync(cancellation);

    /// <summary>Detaches every container that is not among <paramref name="running"/>: what a daemon calls once it knows which went on.</summary>
    public Task RetainAsync(IReadOnlySet<string> running, CancellationToken cancellation) => Do(() => state.RetainAsync(running), cancellation);

    /// <summary>The file of a container's namespace, whether or not it exists.</summary>
    public string NamespacePath(string containerId) => state.NamespacePath(containerId);

    /// <summary>bridge, host and none, as <c>docker network ls</c> shows them.</summary>
    public ImmutableArray<NetworkDescription> Describe() => PredefinedNetworks.Describe(state);

    /// <summary>Removes every namespace, the rules and the bridge, then ends. Settings of the whole host (ip_forward) stay.</summary>
    public async Task TeardownAsync(CancellationToken cancellation)
    {
        await Do(state.TeardownAsync, cancellation);
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        changes.Writer.TryComplete();
        await loop;
        await state.DisposeAsync();
    }

    /// <summary>On a thread of its own: nearly all that it does is system calls, and the kernel may make one of them wait for long.</summary>
    private void Loop()
    {
        while (changes.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (changes.Reader.TryRead(out var change))
            {
                change().GetAwaiter().GetResult();
            }
        }
    }

    private Task Do(Func<Task> change, CancellationToken cancellation) => Do(
        async () =>
        {
            await change();
            return true;
        },
        cancellation);

    /// <summary>A change that has begun is brought to its end: half an attachment helps nobody.</summary>
    private async Task<T> Do<T>(Func<Task<T>> change, CancellationToken cancellation)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        await changes.Writer.WriteAsync(
            async () =>
            {
                if (cancellation.IsCancellationRequested)
                {
                    done.TrySetCanceled(cancellation);
                    return;
                }

                try
                {
                    done.TrySetResult(await change());
                }
                catch (Exception error)
                {
                    done.TrySetException(error);
                }
            },
            cancellation);
        return await done.Task;
    }
}
