using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Swarm.Linux;
using Swarm.Model;
using Swarm.Networking.Networks;

namespace Swarm.Networking.Bridge;

/// <summary>
/// The networks of a node: makes and removes bridges, attaches containers, publishes their ports, answers their questions for names, and finds all
/// of it again after a restart of the daemon. One loop owns all state and is fed by a channel, so changes come one after the other; what is read
/// from it are immutable pictures.
/// </summary>
/// <remarks>Disposing leaves every container connected; <see cref="TeardownAsync"/> leaves nothing.</remarks>
public sealed class BridgeNetworks : IAsyncDisposable
{
    /// <summary>Changes that wait; a caller beyond waits for room.</summary>
    private const int QueuedChanges = 1024;

    private readonly BridgeState state;
    private readonly Channel<Func<Task>> changes = Channel.CreateBounded<Func<Task>>(new BoundedChannelOptions(QueuedChanges)
    {
        SingleReader = true,
        AllowSynchronousContinuations = true, // all that continues is the loop's thread, which waits: no detour by the pool
    });
    private readonly Task loop;
    private readonly KernelWatch watch;
    private int looks;

    private BridgeNetworks(BridgeState state, NetworkNamespace host)
    {
        this.state = state;
        loop = Task.Factory.StartNew(Loop, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        watch = new KernelWatch(host, Look);
        state.Look = Look;
        state.WatchOverlays();
    }

    /// <summary>Of the network <c>bridge</c>.</summary>
    public string DefaultId => state.DefaultId;

    /// <summary>Every network, the predefined ones too, by id.</summary>
    public ImmutableDictionary<string, NetworkRecord> Records => state.Records;

    /// <summary>By container.</summary>
    public ImmutableDictionary<string, ContainerSandbox> Sandboxes => state.Sandboxes;

    /// <summary>
    /// Makes the bridges and their rules, and takes up the containers of an earlier run whose namespaces still exist. Everything of ours that
    /// belongs to none is removed.
    /// </summary>
    /// <param name="host">The namespace that the bridges are in; the caller keeps it open longer than the networks.</param>
    /// <param name="random">Used by these networks only.</param>
    public static async Task<BridgeNetworks> StartAsync(BridgeOptions options, NetworkNamespace host, TimeProvider time, Random random, ILoggerFactory logging, CancellationToken cancellation)
    {
        var state = new BridgeState(options, host, time, random, logging);
        try
        {
            await state.RecoverAsync(cancellation);
            return new BridgeNetworks(state, host);
        }
        catch
        {
            await state.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a network, which is durable when this returns.</summary>
    /// <exception cref="NetworkFault">It cannot be had.</exception>
    public Task<NetworkRecord> CreateAsync(NetworkSpec spec, CancellationToken cancellation) => Do(() => state.CreateAsync(spec), cancellation);

    /// <returns>What it was.</returns>
    /// <exception cref="NetworkFault">There is none, it is predefined, or containers are on it.</exception>
    public Task<NetworkRecord> RemoveAsync(string network, CancellationToken cancellation) => Do(() => state.RemoveAsync(network), cancellation);

    /// <summary>
    /// Makes the container's namespace with its links, addresses and published ports. Safe to repeat: what is there already is made what is asked
    /// for now, without a new namespace.
    /// </summary>
    /// <exception cref="NetworkFault">No address is free, or a port is taken.</exception>
    public Task<ContainerSandbox> AttachAsync(SandboxRequest request, CancellationToken cancellation) => Do(() => state.AttachAsync(request), cancellation);

    /// <summary>Gives a container that has a namespace one more network.</summary>
    public Task<ContainerSandbox> ConnectAsync(string containerId, EndpointRequest request, CancellationToken cancellation) =>
        Do(() => state.ConnectAsync(containerId, request), cancellation);

    public Task<ContainerSandbox> DisconnectAsync(string containerId, string networkId, CancellationToken cancellation) =>
        Do(() => state.DisconnectAsync(containerId, networkId), cancellation);

    /// <summary>Gives a container another name, and other names by network id.</summary>
    public Task<ContainerSandbox> RenameAsync(string containerId, string name, IReadOnlyDictionary<string, ImmutableArray<string>> names, CancellationToken cancellation) =>
        Do(() => Task.FromResult(state.Rename(containerId, name, names)), cancellation);

    /// <summary>
    /// Withdraws the ports, drops the namespace and frees the addresses. Safe to repeat. It happens also when the caller stops waiting, who may
    /// be cleaning up after a cancelled start.
    /// </summary>
    public Task DetachAsync(string containerId, CancellationToken cancellation) =>
        Do(() => state.DetachAsync(containerId), CancellationToken.None).WaitAsync(cancellation);

    /// <summary>Detaches every container that is not among <paramref name="running"/>: what a daemon calls once it knows which went on.</summary>
    public Task RetainAsync(IReadOnlySet<string> running, CancellationToken cancellation) => Do(() => state.RetainAsync(running), cancellation);

    /// <summary>The tables of the cluster's networks that this node has a part in, also from before a start, by network.</summary>
    public ImmutableDictionary<string, NetworkTable> Tables => state.Tables;

    /// <summary>Networks of the cluster that this node can never make as it is, and why, by network.</summary>
    public ImmutableDictionary<string, string> Unsupported => state.Unsupported;

    /// <summary>
    /// Makes this node's part of the cluster's networks what <paramref name="tables"/> say, and takes away those that are not named. When it completes, names and rules
    /// are so; connections to endpoints that ended are cut soon after.
    /// </summary>
    /// <exception cref="NetworkFault">A network could not be made; the others are.</exception>
    public Task ApplyAsync(string nodeId, ImmutableDictionary<string, NetworkTable> tables, CancellationToken cancellation) =>
        Do(() => state.ApplyAsync(nodeId, tables), cancellation);

    /// <summary>Where the kernel differs from a network's table, a line each; empty: nowhere.</summary>
    public Task<ImmutableArray<string>> FaultsAsync(string networkId, CancellationToken cancellation) => Do(() => Task.FromResult(state.Faults(networkId)), cancellation);

    /// <summary>The file of a container's namespace, whether or not it exists.</summary>
    public string NamespacePath(string containerId) => state.NamespacePath(containerId);

    /// <summary>Removes every network, namespace, rule and bridge, then ends. Settings of the whole host (ip_forward) stay.</summary>
    public async Task TeardownAsync(CancellationToken cancellation)
    {
        watch.Dispose(); // what goes now is not to be put back
        await Do(state.TeardownAsync, cancellation);
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        watch.Dispose();
        changes.Writer.TryComplete();
        await loop;
        await state.DisposeAsync();
    }

    /// <summary>At most one look waits: it sees whatever happens until it begins. Where there is no room for it, another change is about to fail and repair.</summary>
    private void Look()
    {
        if (Interlocked.CompareExchange(ref looks, 1, 0) == 0 && !changes.Writer.TryWrite(async () =>
        {
            Volatile.Write(ref looks, 0);
            await state.RepairAsync();
        }))
        {
            Volatile.Write(ref looks, 0);
        }
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
