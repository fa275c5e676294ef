using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Swarm.Manager;
using Swarm.Manager.Certificates;
using Swarm.Manager.Dispatch;
using Swarm.Manager.Membership;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Clients;
using Swarm.Rpc.Hosting;
using Swarm.Rpc.Membership;
using Swarm.Security;
using Swarm.Store.Consensus.Raft;
using Swarm.Store.Replication;

namespace Swarm.Daemon;

/// <summary>What a node has while it is a manager: its replica of the store, the control loops and what it answers to other nodes.</summary>
internal sealed class ManagerHalf : IAsyncDisposable
{
    /// <summary>Longest call between managers: a snapshot that is being installed.</summary>
    private static readonly TimeSpan PeerCallTimeout = TimeSpan.FromMinutes(1);

    /// <summary>Between two tries to become a member.</summary>
    private static readonly TimeSpan JoinRetry = TimeSpan.FromMilliseconds(500);

    /// <summary>For the election of a successor before a stop.</summary>
    private static readonly TimeSpan HandOverPatience = TimeSpan.FromSeconds(2);

    private readonly Background _loops;
    private readonly Channel<bool> _joins = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    private ManagerHalf(ReplicatedStore store, Background loops)
    {
        Store = store;
        _loops = loops;
    }

    internal ReplicatedStore Store { get; }

    internal RpcServices Services { get; private init; } = RpcServices.None;

    /// <param name="outdated">Hears that this manager was left behind and must stop being one.</param>
    /// <exception cref="UntrustedLogException">The log is damaged, missing, or not the one that this node wrote.</exception>
    internal static async Task<ManagerHalf> StartAsync(
        ClusterMember.Parts parts, RpcChannels channels, PeerAddressBook book, OwnAddress address, Action<string> outdated, RaftBootstrap bootstrap, CancellationToken cancellation)
    {
        var nodeId = parts.Credentials.Identity.NodeId;
        LogIdentity.Claim(parts.Directory, bootstrap);
        ReplicatedStore? replica = null;
        var calls = new PeerCalls(channels, book, () => new PeerSelf(address.Current, replica?.View.Cluster?.Recoveries ?? 0), outdated, PeerCallTimeout);
        var transport = new PeerTransport(calls);
        var options = new RaftOptions
        {
            Directory = LogIdentity.Folder(parts.Directory),
            NodeId = nodeId,
            Bootstrap = bootstrap,
            DataKeys = parts.Keys.DataKeys.Use(),
        };
        RaftConsensus? consensus = null;
        var store = new ReplicatedStore(nodeId, state => consensus = new RaftConsensus(options, state, transport, parts.Time, parts.Loggers), transport, parts.Time);
        replica = store;
        try
        {
            await store.StartAsync(cancellation);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }

        var loops = new Background(parts.Time, parts.Loggers.CreateLogger<Background>());
        loops.Run("log failure", async token => parts.Fatal(await consensus!.Failed.WaitAsync(token)));
        var changes = new MembershipQueue();
        var dispatcher = new Dispatcher(store, parts.Time, NodeDaemon.NewRandom(), parts.Loggers, book.Find);
        var controlLoops = new ManagerLoops(store, dispatcher, parts.Time, NodeDaemon.NewRandom(), parts.Loggers);
        var reconciler = new RoleReconciler(store, store.Consensus, changes, parts.Time, parts.Loggers.CreateLogger<RoleReconciler>());
        var outside = new CfsslClient(() => parts.Credentials.Current, parts.Time);
        var rotation = new RootRotationLoop(store, parts.Time, parts.Loggers.CreateLogger<RootRotationLoop>());
        loops.Run("unlock key", token => LockLoop.RunAsync(store, parts.Keys, consensus!.RewrapAsync, token));
        loops.Run("root rotation", token => WhileLeadingAsync(store, rotation.RunAsync, token));
        loops.Run("manager addresses", new ManagerAddressSync(store, book).RunAsync);
        loops.Run("membership changes", changes.RunAsync);
        loops.Run("roles", token => WhileLeadingAsync(store, reconciler.RunAsync, token));
        var nodes = new NodeWorkClient(channels);
        var lostLog = parts.Loggers.CreateLogger<LostNodes>();
        var down = new LostNodes(store, node => node.Status.State == NodeState.Down, (at, id, token) => nodes.MeetAsync(at, id, address.Current, token), parts.Time, lostLog);
        loops.Run("lost nodes", token => WhileLeadingAsync(store, down.RunAsync, token));
        var workers = new LostNodes(store, node => node.Manager is null && store.Leadership.LeaderId is null, AskAsync, parts.Time, lostLog);
        loops.Run("lost managers", workers.RunAsync);
        loops.Run("control loops", controlLoops.RunAsync);
        loops.Run("cluster events", new ClusterEvents(store, parts.Tasks.Events).RunAsync);
        return new ManagerHalf(store, loops)
        {
            Services = new RpcServices
            {
                Dispatcher = dispatcher,
                NodeCa = new NodeCertificateAuthority(store, parts.Time, parts.Loggers.CreateLogger<NodeCertificateAuthority>(), outside),
                Membership = new MembershipService(store, store.Consensus, changes, book, parts.Time, parts.Loggers.CreateLogger<MembershipService>()),
                Consensus = store.HandleAsync,
            },
        };

        async Task AskAsync(string at, string id, CancellationToken token)
        {
            foreach (var manager in await nodes.MeetAsync(at, id, address.Current, token))
            {
                book.Hint(manager.NodeId, manager.Address);
            }
        }
    }

    /// <summary>
    /// Asks the leader to be a member, until it is, and again at every new address and after <see cref="JoinAgain"/>: a node that was promoted, has
    /// restarted or has moved. Call once <see cref="Services"/> are offered.
    /// </summary>
    internal void KeepJoining(MembershipClient membership, OwnAddress address, TimeProvider time, ILogger logger) => _loops.Run("join", async cancellation =>
    {
        while (true)
        {
            var current = address.Current;
            try
            {
                await membership.JoinManagerAsync(new JoinManagerRequest { Address = current }, cancellation);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                var waits = new[] { address.UntilNotAsync(current, either.Token), _joins.Reader.ReadAsync(either.Token).AsTask() };
                await Task.WhenAny(waits);
                await either.CancelAsync();
                await Task.WhenAll(waits).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancellation.ThrowIfCancellationRequested();
            }
            catch (RpcFault fault)
            {
                ClusterMember.LogNotJoined(logger, fault.Message);
                await Task.Delay(JoinRetry, time, cancellation);
            }
        }
    });

    /// <summary>
    /// The node is wanted as a manager: asks anew, whatever this replica says. One that was taken out of the members may never hear of it, as nobody sends it anything
    /// from then on; to a member the question does nothing.
    /// </summary>
    internal void JoinAgain() => _joins.Writer.TryWrite(true);

    /// <summary>Before a clean stop: a leader lets another be elected while it still answers. Bounded; a leader that finds no successor just goes.</summary>
    internal async Task HandOverAsync(string self, TimeProvider time)
    {
        if (!Store.Leadership.IsLeader || !LeadershipTransfer.IsPossible(Store.Consensus.Members, self))
        {
            return;
        }

        using var late = new CancellationTokenSource(HandOverPatience, time);
        try
        {
            await LeadershipTransfer.ToAnotherAsync(Store, Store.Consensus, self, late.Token);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            // The others elect one when this node is gone.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _loops.DisposeAsync();
        await Store.DisposeAsync();
    }

    private static async Task WhileLeadingAsync(ReplicatedStore store, Func<CancellationToken, Task> loop, CancellationToken cancellation)
    {
        CancellationTokenSource? term = null;
        var running = Task.CompletedTask;
        try
        {
            await foreach (var leadership in store.WatchLeadershipAsync(cancellation))
            {
                if (leadership.IsLeader == (term is not null))
                {
                    continue;
                }

                if (term is not null)
                {
                    await EndAsync(term, running);
                    term = null;
                }
                else
                {
                    term = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                    running = loop(term.Token);
                }
            }
        }
        finally
        {
            if (term is not null)
            {
                await EndAsync(term, running);
            }
        }
    }

    private static async Task EndAsync(CancellationTokenSource term, Task running)
    {
        await term.CancelAsync();
        try
        {
            await running;
        }
        catch (OperationCanceledException) when (term.IsCancellationRequested)
        {
            // The end that was asked for.
        }

        term.Dispose();
    }
}
