using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Swarm.Agent;
using Swarm.Manager.Certificates;
using Swarm.Model;
using Swarm.Rpc.Certificates;
using Swarm.Rpc.Clients;
using Swarm.Rpc.Dispatch;
using Swarm.Rpc.Hosting;
using Swarm.Security;
using Swarm.Store.Consensus.Raft;

namespace Swarm.Daemon;

/// <summary>A node that runs as part of a cluster: the port for other nodes, the agent, the certificate's renewal and, while it is a manager, that half.</summary>
internal sealed partial class ClusterMember : IAsyncDisposable
{
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
    private volatile ManagerHalf? _manager;
    private FileJournal? _journal;
    private NodeAgent? _agent;

    private ClusterMember(Parts parts, RpcChannels channels, PeerAddressBook book, RpcServer server)
    {
        _parts = parts;
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
    internal sealed record Parts(
        string Directory,
        NodeRecord Record,
        NodeKeyRing Keys,
        ITaskExecutor Executor,
        Action<Exception> Fatal,
        Random Random,
        TimeProvider Time,
        ILoggerFactory Loggers)
    {
        internal NodeCredentials Credentials => Keys.Credentials;
    }

    internal NodeIdentity Identity => _parts.Credentials.Identity;

    internal NodeCertificate Certificate => _parts.Credentials.Current;

    internal NodeRecord Record => _parts.Record;

    internal ManagerHalf? Manager => _manager;

    internal PeerAddressBook Managers { get; }

    /// <param name="bootstrap">For a manager without a log of its own.</param>
    internal static async Task<ClusterMember> StartAsync(Parts parts, RaftBootstrap bootstrap, CancellationToken cancellation)
    {
        var book = new PeerAddressBook(new NodeFolder(parts.Directory));
        var channels = new RpcChannels(parts.Credentials, parts.Time);
        ClusterMember? member = null;
        var options = new RpcServerOptions
        {
            Listen = IPEndPoint.Parse(parts.Record.ListenAddress),
            Standing = (caller, issuedAt) => Volatile.Read(ref member)?._manager is { } manager ? NodeStandings.Of(manager.Store.View, caller, issuedAt) : NodeStanding.Good,
            PeerSeen = book.Set,
        };
        var server = await RpcServer.StartAsync(options, RpcServices.None, parts.Credentials, parts.Time, parts.Loggers, cancellation);
        Volatile.Write(ref member, new ClusterMember(parts, channels, book, server));
        try
        {
            if (member.Identity.Role == NodeRole.Manager)
            {
                await member.BecomeManagerAsync(bootstrap, cancellation);
            }

            return member;
        }
        catch
        {
            await member.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts to work for the cluster. A new cluster's records must be committed before.</summary>
    internal void StartWorking()
    {
        _loops.Run("certificate renewal", _renewal.RunAsync);
        _loops.Run("role", FollowRoleAsync);

        var client = new DispatcherClient(_channels, Managers, _parts.Random, _parts.Time);
        _journal = new FileJournal(Path.Combine(_parts.Directory, "agent"));
        _agent = new NodeAgent(client, _parts.Executor, _journal, () => _parts.Record.AdvertiseAddress, _parts.Time, NodeDaemon.NewRandom(), _parts.Loggers) { Tls = _tls };
        _agent.News += Take;
        _loops.Run("agent", _agent.RunAsync);
        if (_manager is { } manager)
        {
            manager.KeepJoining(_membership, _parts, _logger);
        }
    }

    /// <summary>Tells the leader that this manager goes; bounded by <paramref name="cancellation"/>.</summary>
    internal Task LeaveConsensusAsync(CancellationToken cancellation) => _membership.LeaveManagerAsync(cancellation);

    /// <summary>Stops and removes every task of this node.</summary>
    internal Task RemoveTasksAsync(CancellationToken cancellation) => _agent!.RemoveAllAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
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
    }

    [LoggerMessage(110, LogLevel.Information, "Not a member of the managers' consensus yet: {Reason}")]
    internal static partial void LogNotJoined(ILogger logger, string reason);

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
            if (role == NodeRole.Manager && _manager is null)
            {
                await BecomeManagerAsync(RaftBootstrap.Join, cancellation);
                _manager!.KeepJoining(_membership, _parts, _logger);
                LogRole("manager");
            }
            else if (role == NodeRole.Worker && _manager is { } manager)
            {
                _server.Services = RpcServices.None;
                _manager = null;
                await manager.DisposeAsync();
                Directory.Delete(Path.Combine(_parts.Directory, "raft"), recursive: true);
                LogRole("worker");
            }

            if (role == NodeRole.Worker)
            {
                // Only managers are locked: a worker must come back by itself.
                _parts.Keys.Follow(wanted: null);
            }
        }
    }

    private async Task BecomeManagerAsync(RaftBootstrap bootstrap, CancellationToken cancellation)
    {
        var manager = await ManagerHalf.StartAsync(_parts, _channels, Managers, bootstrap, cancellation);
        _manager = manager;
        _server.Services = manager.Services;
    }

    [LoggerMessage(113, LogLevel.Warning, "The managers' new roots are not those of this node's certificate: the old ones stay trusted until it is renewed")]
    private partial void LogNotTrusted();

    [LoggerMessage(112, LogLevel.Warning, "The cluster does not know this node any more; `swarm leave` frees it")]
    private partial void LogRemoved();

    [LoggerMessage(111, LogLevel.Information, "This node is now a {Role}")]
    private partial void LogRole(string role);
}
