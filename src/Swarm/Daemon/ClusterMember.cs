using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Swarm.Agent;
using Swarm.Manager.Certificates;
using Swarm.Manager.Membership;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Certificates;
using Swarm.Rpc.Clients;
using Swarm.Rpc.Dispatch;
using Swarm.Rpc.Hosting;
using Swarm.Rpc.Membership;
using Swarm.Rpc.Work;
using Swarm.Security;
using Swarm.Store.Consensus.Raft;

namespace Swarm.Daemon;

/// <summary>A node that runs as part of a cluster: the port for other nodes, the agent, the certificate's renewal and, while it is a manager, that half.</summary>
internal sealed partial class ClusterMember : IAsyncDisposable
{
    /// <summary>Between two tries to find a manager where one was said to be.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly Parts _parts;
    private readonly ILogger _logger;
    private readonly RpcChannels _channels;
    private readonly MembershipClient _membership;
    private readonly CertificateRenewal _renewal;
    private readonly AgentTls _tls;
    private readonly Background _loops;
    private readonly RpcServer _server;

    // Only the newest role counts.
    private readonly Channel<NodeRole> _roles = Channel.CreateBounded<NodeRole>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    // What another manager said when it refused this one for good: the first that is heard.
    private readonly Channel<string> _refusals = Channel.CreateBounded<string>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile string _outdated = "";
    private readonly SemaphoreSlim _roleChange = new(1, 1);
    private readonly OwnAddress _address;
    private volatile NodeRecord _record;
    private volatile ManagerHalf? _manager;
    private FileJournal? _journal;
    private NodeAgent? _agent;

    private ClusterMember(Parts parts, RpcChannels channels, PeerAddressBook book, RpcServer server)
    {
        _parts = parts;
        _record = parts.Record;
        _address = new OwnAddress(parts.Record.AdvertiseAddress);
        _logger = parts.Loggers.CreateLogger<ClusterMember>();
        _channels = channels;
        Managers = book;
        _server = server;
        _membership = new MembershipClient(channels, book, parts.Random, parts.Time);
        _loops = new Background(parts.Time, parts.Loggers.CreateLogger<Background>());
        _tls = new AgentTls(NodeTls.Of(parts.Credentials.Current));
        _renewal = new CertificateRenewal(
            parts.Credentials, NodeRenewal.Of(() => _manager?.Services.NodeCa, channels, book, parts), parts.Random, parts.Time, parts.Loggers.CreateLogger<CertificateRenewal>());
        parts.Credentials.Replaced += OnCertificateReplaced;
        parts.Keys.Locked += _renewal.RenewSoon;
    }

    /// <param name="Directory">The node's folder of the cluster: certificates, log, agent.</param>
    /// <param name="Fatal">Hears that this node's log cannot be written any more: the daemon must end.</param>
    /// <param name="OwnBridge">Name of the container bridge, whose address is never advertised.</param>
    internal sealed record Parts(
        string Directory,
        string OwnBridge,
        NodeRecord Record,
        NodeKeyRing Keys,
        NodeTasks Tasks,
        Action<Exception> Fatal,
        Random Random,
        TimeProvider Time,
        ILoggerFactory Loggers)
    {
        internal NodeCredentials Credentials => Keys.Credentials;
    }

    internal NodeIdentity Identity => _parts.Credentials.Identity;

    internal NodeCertificate Certificate => _parts.Credentials.Current;

    internal NodeRecord Record => _record;

    /// <summary>Why this node, though its certificate says manager, is none any more; empty: it may be one.</summary>
    internal string Outdated => _outdated;

    internal ManagerHalf? Manager => _manager;

    internal PeerAddressBook Managers { get; }

    /// <param name="bootstrap">For a manager without a log of its own.</param>
    internal static async Task<ClusterMember> StartAsync(Parts parts, RaftBootstrap bootstrap, CancellationToken cancellation)
    {
        var book = new PeerAddressBook(new NodeFolder(parts.Directory));
        var channels = new RpcChannels(parts.Credentials, parts.Time) { DialledAs = parts.Record.DialledAs };
        ClusterMember? member = null;
        var options = new RpcServerOptions
        {
            Listen = IPEndPoint.Parse(parts.Record.ListenAddress),
            Standing = (caller, issuedAt) => Volatile.Read(ref member)?._manager is { } manager
                ? NodeStandings.Of(manager.Store.View, caller, issuedAt)
                : StandingAtWorker(book, caller),
            IsOutdated = (id, recoveries) => Volatile.Read(ref member)?._manager is { } manager && ClusterRecovery.IsOutdated(manager.Store.View, id, recoveries),
            PeerSeen = book.Heard,
            Peers = () => book.Addresses,
        };
        var server = await RpcServer.StartAsync(options, new RpcServices { Work = parts.Tasks.Work }, parts.Credentials, parts.Time, parts.Loggers, cancellation);
        Volatile.Write(ref member, new ClusterMember(parts, channels, book, server));
        try
        {
            if (member.Identity.Role == NodeRole.Manager)
            {
                book.Heard(member.Identity.NodeId, parts.Record.AdvertiseAddress);
                await member.BecomeManagerAsync(bootstrap, offer: bootstrap != RaftBootstrap.Recover, cancellation);
            }

            return member;
        }
        catch
        {
            await member.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// For a survivor that has written down its recovery: until then no other manager must reach it, for what they say would count as long as they are
    /// members.
    /// </summary>
    internal void OfferManager() => Offer(_manager!.Services);

    /// <summary>Tells the manager at <paramref name="address"/> where this node is, and learns whom it knows.</summary>
    /// <exception cref="RpcFault">No manager of this cluster answers there.</exception>
    internal async Task MeetAsync(string address, CancellationToken cancellation)
    {
        await _membership.MeetAsync(address, _address.Current, cancellation);
        LogMet(address);
    }

    /// <summary>Asks at each of the addresses until a manager has answered there once, this node's own way of finding those that moved.</summary>
    internal void LookFor(IReadOnlyList<string> addresses)
    {
        foreach (var address in addresses)
        {
            _loops.Run("look for " + address, async cancellation =>
            {
                while (true)
                {
                    try
                    {
                        await MeetAsync(address, cancellation);
                        return;
                    }
                    catch (RpcFault fault)
                    {
                        LogNotMet(address, fault.Message);
                        await Task.Delay(LookAgain, _parts.Time, cancellation);
                    }
                }
            });
        }
    }

    /// <summary>Starts to work for the cluster. A new cluster's records must be committed before.</summary>
    internal void StartWorking()
    {
        _loops.Run("certificate renewal", _renewal.RunAsync);
        _loops.Run("role", FollowRoleAsync);
        _loops.Run("outdated manager", StandDownAsync);
        _loops.Run("own address", token => AddressFollower.RunAsync(RenewAddress, token));

        var client = new DispatcherClient(_channels, Managers, _parts.Random, _parts.Time);
        _journal = new FileJournal(Path.Combine(_parts.Directory, "agent"));
        _agent = new NodeAgent(Identity.NodeId, client, _parts.Tasks.Executor, _parts.Tasks.Networks, _journal, () => _address.Current, _parts.Time, NodeDaemon.NewRandom(), _parts.Loggers)
        {
            Tls = _tls,
            DataPathAddress = () => NodeAddresses.DataPath(_record.DataPathAddress),
        };
        _agent.News += Take;
        _loops.Run("agent", _agent.RunAsync);
        _parts.Tasks.Cluster.Member = new MemberNetworks(client, _agent, _parts.Time);
        if (_manager is { } manager)
        {
            manager.KeepJoining(_membership, _address, _parts.Time, _logger);
        }
    }

    /// <summary>Completes when the managers have taken this node for ready. Only after <see cref="StartWorking"/>.</summary>
    internal Task Registered => _agent!.Registered;

    /// <summary>Before a clean stop, while everything still runs.</summary>
    internal Task HandOverAsync() => _manager is { } manager ? manager.HandOverAsync(Identity.NodeId, _parts.Time) : Task.CompletedTask;

    /// <summary>Gives the leadership of the cluster, whoever has it, to another manager.</summary>
    internal async Task<string> TransferLeadershipAsync(string successor, CancellationToken cancellation) =>
        (await _membership.TransferLeadershipAsync(new TransferLeadershipRequest { Successor = successor }, cancellation)).LeaderId;

    /// <summary>Tells the leader that this manager goes; bounded by <paramref name="cancellation"/>.</summary>
    internal Task LeaveConsensusAsync(CancellationToken cancellation) => _membership.LeaveManagerAsync(cancellation);

    /// <summary>The way to other nodes' tasks, for a manager.</summary>
    internal INodeWorkClient Work => new NodeWorkClient(_channels);

    /// <summary>Stops and removes every task of this node.</summary>
    internal Task RemoveTasksAsync(CancellationToken cancellation) => _agent!.RemoveAllAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        _parts.Tasks.Cluster.Member = null;
        _parts.Credentials.Replaced -= OnCertificateReplaced;
        _parts.Keys.Locked -= _renewal.RenewSoon;
        await _loops.DisposeAsync();
        _server.Services = RpcServices.None;
        if (_manager is { } manager)
        {
            await manager.DisposeAsync();
        }

        await _server.DisposeAsync();
        _channels.Dispose();
        _journal?.Dispose();
        _roleChange.Dispose();
    }

    private void Take(AgentNews news)
    {
        if (news.Removed)
        {
            LogRemoved();
        }

        Managers.Replace(news.Managers);
        if (news.Node is { } node)
        {
            _renewal.RoleWanted(node.Role);
            if (NodeStandings.IsOutdated(Certificate, node))
            {
                _renewal.RenewSoon();
            }

            if (node is { Role: NodeRole.Manager, Spec.Role: NodeRole.Manager } && _outdated.Length > 0)
            {
                // The leader wants it: whoever refused it knew less.
                _outdated = "";
                _roles.Writer.TryWrite(Identity.Role);
            }
        }

        if (news.TrustRoot is { } roots && !_parts.Credentials.TryTrust(roots))
        {
            LogNotTrusted();
        }

        if (news.IssuingRoot is { } digest)
        {
            _renewal.RootWanted(digest);
        }
    }

    private void OnCertificateReplaced(NodeCertificate certificate)
    {
        _tls.Change(NodeTls.Of(certificate));
        _roles.Writer.TryWrite(certificate.Identity.Role);
    }

    /// <summary>Brings the node to what its certificate says, one change after another.</summary>
    private async Task FollowRoleAsync(CancellationToken cancellation)
    {
        // A change that failed half-way is taken up again here.
        _roles.Writer.TryWrite(Identity.Role);
        await foreach (var role in _roles.Reader.ReadAllAsync(cancellation))
        {
            await _roleChange.WaitAsync(cancellation);
            try
            {
                if (role == NodeRole.Manager && _manager is null && _outdated.Length == 0)
                {
                    Managers.Heard(Identity.NodeId, _address.Current);
                    await BecomeManagerAsync(RaftBootstrap.Join, offer: true, cancellation);
                    _manager!.KeepJoining(_membership, _address, _parts.Time, _logger);
                    LogRole("manager");
                }
                else if (role == NodeRole.Manager && _manager is { } standing)
                {
                    // Demoted and promoted again before this node stopped to be a manager: nothing else would ask.
                    standing.JoinAgain();
                }
                else if (role == NodeRole.Worker && Directory.Exists(LogIdentity.Folder(_parts.Directory)))
                {
                    await EndManagerAsync();
                    LogIdentity.Discard(_parts.Directory);
                    _outdated = "";
                    LogRole("worker");
                }
            }
            finally
            {
                _roleChange.Release();
            }

            if (role == NodeRole.Worker)
            {
                // Only managers are locked: a worker must come back by itself.
                _parts.Keys.Follow(wanted: null);
            }
        }
    }

    /// <summary>
    /// A manager that was removed, or left behind by a recovery, stops being one at once. Its log stays until its certificate says worker, too: what
    /// is in it may be all that an operator has left.
    /// </summary>
    private async Task StandDownAsync(CancellationToken cancellation)
    {
        await foreach (var reason in _refusals.Reader.ReadAllAsync(cancellation))
        {
            await _roleChange.WaitAsync(cancellation);
            try
            {
                if (_manager is not null)
                {
                    LogOutdated(reason);
                    _outdated = reason;
                    await EndManagerAsync();
                }
            }
            finally
            {
                _roleChange.Release();
            }
        }
    }

    private async Task EndManagerAsync()
    {
        Offer(RpcServices.None);
        if (_manager is { } manager)
        {
            _manager = null;
            await manager.DisposeAsync();
        }
    }

    /// <summary>What this node answers to others, besides for its own tasks.</summary>
    private void Offer(RpcServices services) => _server.Services = services with { Work = _parts.Tasks.Work };

    /// <summary>A worker has no records, but its session tells it who the managers are: a certificate from before a demotion opens nothing here.</summary>
    private static NodeStanding StandingAtWorker(PeerAddressBook managers, NodeIdentity caller) =>
        caller.Role == NodeRole.Manager && managers.Find(caller.NodeId) is null ? NodeStanding.Demoted : NodeStanding.Good;

    /// <summary>Takes over the address that this machine has now, if it has changed. A port that listens on one address only needs a restart.</summary>
    private void RenewAddress()
    {
        var record = _record;
        var renewed = NodeAddresses.Renewed(record, _parts.OwnBridge);
        if (renewed.AdvertiseAddress == record.AdvertiseAddress)
        {
            return;
        }

        LogMoved(record.AdvertiseAddress, renewed.AdvertiseAddress);
        renewed.Save(_parts.Directory);
        _record = renewed;
        if (Identity.Role == NodeRole.Manager)
        {
            Managers.Heard(Identity.NodeId, renewed.AdvertiseAddress);
        }

        _channels.Reconnect();
        _address.Change(renewed.AdvertiseAddress);
        _agent?.BeginAnew(); // one that is only being asked for still tells the old address
    }

    private async Task BecomeManagerAsync(RaftBootstrap bootstrap, bool offer, CancellationToken cancellation)
    {
        var manager = await ManagerHalf.StartAsync(_parts, _channels, Managers, _address, reason => _refusals.Writer.TryWrite(reason), bootstrap, cancellation);
        _manager = manager;
        if (offer)
        {
            Offer(manager.Services);
        }
    }
}
