using System.Net;
using Microsoft.Extensions.Logging;
using Swarm.Agent;
using Swarm.Api;
using Swarm.Engine;
using Swarm.Linux;
using Swarm.Manager.Certificates;
using Swarm.Manager.Logs;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Clients;
using Swarm.Security;
using Swarm.Store;
using Swarm.Store.Consensus.Raft;

namespace Swarm.Daemon;

/// <summary>
/// Whether this node is in a cluster, and how it gets in and out. One change at a time. What is on disk without a <see cref="NodeRecord"/>
/// belongs to a cluster that was never quite joined or has been left, and is removed.
/// </summary>
/// <param name="directory">The node's folder of the cluster, under the data root.</param>
/// <param name="ownBridge">Name of the container bridge, whose address is never advertised.</param>
/// <param name="hints">What the daemon was told of the cluster's whereabouts.</param>
/// <param name="fatal">Ends the daemon.</param>
internal sealed partial class NodeLife(
    string directory, string ownBridge, ClusterHints hints, NodeTasks tasks, Action<Exception> fatal, Random random, TimeProvider time, ILoggerFactory loggers) : INodeLifecycle, IAsyncDisposable
{
    private const string AlreadyInSwarm =
        "This node is already part of a swarm. Use \"docker swarm leave\" to leave this swarm and join another one.";

    private const string NotInSwarm = "This node is not part of a swarm";

    /// <summary>For the first commit of a new cluster, and for telling the others that a manager goes.</summary>
    private static readonly TimeSpan ClusterPatience = TimeSpan.FromSeconds(10);

    /// <summary>Within which a joining manager must be a member.</summary>
    private static readonly TimeSpan JoinPatience = TimeSpan.FromSeconds(60);

    private readonly ILogger _logger = loggers.CreateLogger<NodeLife>();
    private readonly SemaphoreSlim _change = new(1, 1);
    private volatile ClusterMember? _member;
    private volatile string _error = "";
    private volatile bool _joining;
    private volatile LockedSwarm? _locked;

    // Opened once: a locked file cannot be opened again without its key.
    private NodeKeyRing? _keys;

    /// <summary>For connections to authorities outside.</summary>
    internal NodeCertificate Certificate => _member?.Certificate ?? throw new EngineException(503, NotInSwarm);

    public IObjectStore? Store => _member?.Manager?.Store;

    public NodeTaskAccess? Tasks => _member is { Manager.Store: { } store } member ? new NodeTaskAccess(store, member.Work, time) : null;

    public NodeSwarmState State
    {
        get
        {
            if (_member is not { } member)
            {
                if (_locked is { } locked)
                {
                    return locked.State;
                }

                var state = _error.Length > 0 ? LocalNodeState.Error : _joining ? LocalNodeState.Pending : LocalNodeState.Inactive;
                return new NodeSwarmState(state, "", "", "", false, _error, []);
            }

            var address = IPEndPoint.Parse(member.Record.AdvertiseAddress).Address.ToString();
            return new NodeSwarmState(
                LocalNodeState.Active, member.Identity.NodeId, member.Identity.ClusterId, address, member.Manager is not null, member.Outdated,
                [.. member.Managers.Addresses.Select(peer => (peer.Key, peer.Value))]);
        }
    }

    /// <summary>Takes up the cluster that this node was in before it stopped.</summary>
    internal async Task ResumeAsync(CancellationToken cancellation)
    {
        if (NodeRecord.Load(directory) is not { } record)
        {
            await ForgetAllAsync(cancellation);
            return;
        }

        try
        {
            var seal = NodeLock.LoadOrCreate(CertificatesFolder());
            if (seal.IsLocked)
            {
                LogLocked();
                _locked = new LockedSwarm(record, seal);
                return;
            }

            await TakeUpAsync(record, OpenKeys(seal), cancellation);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // The engine must serve on, and `swarm leave --force` must work: the error is what `info` shows.
            LogNotResumed(failure);
            _error = failure.Message;
        }
    }

    public async Task<string> InitAsync(SwarmInit request, CancellationToken cancellation)
    {
        using var turn = await TurnAsync(cancellation);
        if (request.ForceNewCluster && NodeRecord.Load(directory) is { } survivor)
        {
            return await RecoverAsync(survivor, request, cancellation);
        }

        EnsureNotInSwarm();
        CheckRanges(request);
        var listen = NodeAddresses.Listen(request.ListenAddress);
        var advertise = NodeAddresses.Advertise(hints.Wish(request.AdvertiseAddress, listen), listen, ownBridge);
        Directory.CreateDirectory(directory);
        var defaults = new Cluster();
        var wishes = new ClusterWishes(
            advertise.ToString(),
            request.Spec,
            request.Availability,
            request.DefaultAddressPool.Count > 0 ? [.. request.DefaultAddressPool] : defaults.DefaultAddressPool,
            request.SubnetSize > 0 ? request.SubnetSize : defaults.SubnetSize,
            request.DataPathPort > 0 ? request.DataPathPort : defaults.DataPathPort);
        var folder = CertificatesFolder();
        var seal = NodeLock.LoadOrCreate(folder);
        var founded = ClusterFounding.Found(wishes, folder, random, time, seal);
        var record = RecordOf(founded.Credentials, listen, advertise, hints.Wish(request.AdvertiseAddress, listen), request.DataPathAddress);
        var keys = _keys = NodeKeyRing.Open(folder, seal, founded.Credentials);
        await EnterAsync(PartsOf(record, keys), RaftBootstrap.Found, async (member, token) =>
        {
            var commit = await member.Manager!.Store.CommitAsync(founded.Write(random), token);
            if (!commit.IsCommitted)
            {
                throw new EngineException(500, $"the new cluster could not be written: {commit.Status}");
            }

            // Before the answer: whoever asked for a locked manager has one.
            LockLoop.Follow(member.Manager.Store.View, keys);
        }, ClusterPatience, cancellation);
        return founded.Credentials.Identity.NodeId;
    }

    public async Task JoinAsync(SwarmJoin request, CancellationToken cancellation)
    {
        if (request.RemoteAddresses.Count == 0)
        {
            throw EngineException.BadRequest("at least 1 RemoteAddr is required to join");
        }

        using var turn = await TurnAsync(cancellation);
        EnsureNotInSwarm();
        var remotes = request.RemoteAddresses.Select(NodeAddresses.Remote).ToList();
        var listen = NodeAddresses.Listen(request.ListenAddress);
        var advertise = NodeAddresses.Advertise(hints.Wish(request.AdvertiseAddress, listen), listen, ownBridge, remotes);
        _joining = true;
        try
        {
            Directory.CreateDirectory(directory);
            var folder = CertificatesFolder();
            var seal = NodeLock.LoadOrCreate(folder);
            var joined = await new JoinClient(time).JoinAsync(remotes, request.JoinToken, request.Availability, folder, cancellation, seal);
            new PeerAddressBook(new NodeFolder(directory)).Replace(joined.Managers);
            var record = RecordOf(joined.Credentials, listen, advertise, hints.Wish(request.AdvertiseAddress, listen), request.DataPathAddress);
            var keys = _keys = NodeKeyRing.Open(folder, seal, joined.Credentials);
            await EnterAsync(PartsOf(record, keys), RaftBootstrap.Join, static (_, _) => Task.CompletedTask, JoinPatience, cancellation);
        }
        catch (RpcFault fault)
        {
            Forget();
            throw new EngineException(fault.Status is RpcStatus.InvalidArgument ? 400 : 503, fault.Message, fault);
        }
        finally
        {
            _joining = false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _change.WaitAsync();
        if (_member is { } member)
        {
            await member.HandOverAsync();
            await member.DisposeAsync();
        }

        _change.Dispose();
    }

    private async Task EnterAsync(
        ClusterMember.Parts parts, RaftBootstrap bootstrap, Func<ClusterMember, CancellationToken, Task> found, TimeSpan patience, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(patience, time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        ClusterMember? member = null;
        try
        {
            member = await ClusterMember.StartAsync(parts, bootstrap, ends.Token);
            await found(member, ends.Token);
            member.StartWorking();
            if (member.Manager is { } manager)
            {
                await UntilClusterIsKnownAsync(manager.Store, ends.Token);
            }

            parts.Record.Save(directory);
            _member = member;

            // Whoever looks right after the answer sees the node as it stays. It is in, also if that takes longer.
            await member.Registered.WaitAsync(ends.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception failure)
        {
            if (member is not null)
            {
                await member.DisposeAsync();
            }

            Forget();
            if (failure is OperationCanceledException && late.IsCancellationRequested)
            {
                throw new EngineException(500, "Timeout was reached before node joined. The attempt to join the swarm was given up; check that the managers can reach this node's advertised address.");
            }

            if (failure is IOException)
            {
                throw new EngineException(500, failure.Message, failure);
            }

            throw;
        }
    }

    private static async Task UntilClusterIsKnownAsync(IObjectStore store, CancellationToken cancellation)
    {
        while (true)
        {
            using var watch = store.Watch();
            if (watch.Start.Cluster is not null)
            {
                return;
            }

            try
            {
                await watch.Commits.ReadAsync(cancellation);
            }
            catch (WatchLaggedException)
            {
                // A snapshot arrived: look again.
            }
        }
    }

    private static void CheckRanges(SwarmInit request)
    {
        const int lowestPort = 1024, highestPort = 49151;
        if (request.DataPathPort is not 0 and (< lowestPort or > highestPort))
        {
            throw EngineException.BadRequest($"Datapath port number ({request.DataPathPort}) is not in valid range ({lowestPort} - {highestPort})");
        }

        if (request.SubnetSize > 0 && request.DefaultAddressPool.FirstOrDefault(pool => IPNetwork.TryParse(pool, out var network) && request.SubnetSize < network.PrefixLength) is { } small)
        {
            throw EngineException.BadRequest($"invalid CIDR: \"{small}\". Subnet size is too small for pool: {request.SubnetSize}");
        }
    }

    private void EnsureNotInSwarm()
    {
        if (_member is not null || _locked is not null || _error.Length > 0)
        {
            throw new EngineException(503, AlreadyInSwarm);
        }
    }

    private NodeFolder CertificatesFolder() => new(Path.Combine(directory, "certificates"));

    private ClusterMember.Parts PartsOf(NodeRecord record, NodeKeyRing keys) => new(directory, ownBridge, record, keys, tasks, fatal, random, time, loggers);

    private static NodeRecord RecordOf(NodeCredentials credentials, IPEndPoint listen, IPEndPoint advertise, string wish, string dataPath) => new(
        credentials.Identity.NodeId, credentials.Identity.ClusterId, listen.ToString(), advertise.ToString(), dataPath, wish, NodeAddresses.IsLocal(advertise.Address));

    /// <summary>The record with what the daemon was told at its start, else with what this machine's addresses are now.</summary>
    private NodeRecord AddressedNow(NodeRecord record)
    {
        if (hints.AdvertiseAddress is not { Length: > 0 } wish)
        {
            return NodeAddresses.Renewed(record, ownBridge);
        }

        var listen = IPEndPoint.Parse(record.ListenAddress);
        var advertise = NodeAddresses.Advertise(wish, listen, ownBridge);
        var listensThere = !listen.Address.Equals(IPAddress.Any) && !listen.Address.Equals(IPAddress.IPv6Any) && !NodeAddresses.IsLocal(listen.Address);
        return record with
        {
            AdvertiseAddress = advertise.ToString(),
            AdvertiseWish = wish,
            AdvertiseIsLocal = NodeAddresses.IsLocal(advertise.Address),
            ListenAddress = listensThere ? new IPEndPoint(advertise.Address, listen.Port).ToString() : record.ListenAddress,
        };
    }

    private async Task<Turn> TurnAsync(CancellationToken cancellation)
    {
        await _change.WaitAsync(cancellation);
        return new Turn(_change);
    }

    private readonly struct Turn(SemaphoreSlim change) : IDisposable
    {
        public void Dispose() => change.Release();
    }

    [LoggerMessage(120, LogLevel.Error, "The node could not take up its cluster again")]
    private partial void LogNotResumed(Exception failure);

    [LoggerMessage(123, LogLevel.Warning, "This node's address was {Old}; it is reached at {New} now")]
    private partial void LogMoved(string old, string @new);
}
