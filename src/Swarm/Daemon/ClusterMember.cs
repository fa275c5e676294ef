using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Swarm.Agent;
using Swarm.Manager.Membership;
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
    }

    /// <param name="Directory">The node's folder of the cluster: certificates, log, agent.</param>
    /// <param name="Fatal">Hears that this node's log cannot be written any more: the daemon must end.</param>
    internal sealed record Parts(
        string Directory,
        NodeRecord Record,
        NodeCredentials Credentials,
        ITaskExecutor Executor,
        Action<Exception> Fatal,
        Random Random,
        TimeProvider Time,
        ILoggerFactory Loggers);

    internal NodeIdentity Identity => _parts.Credentials.Identity;

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
            IsRemoved = id => Volatile.Read(ref member)?._manager is { } manager && RemovedNodes.Contains(manager.Store.View, id),
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
        var nodeCa = new NodeCaClient(_channels, Managers, _parts.Random, _parts.Time);
        var renewal = new CertificateRenewal(
            _parts.Credentials, nodeCa.RenewCertificateAsync, _parts.Random, _parts.Time, _parts.Loggers.CreateLogger<CertificateRenewal>());
        _parts.Credentials.Replaced += OnCertificateReplaced;
        _loops.Run("certificate renewal", renewal.RunAsync);
        _loops.Run("role", FollowRoleAsync);

        var client = new DispatcherClient(_channels, Managers, _parts.Random, _parts.Time);
        _journal = new FileJournal(Path.Combine(_parts.Directory, "agent"));
        _agent = new NodeAgent(client, _parts.Executor, _journal, () => _parts.Record.AdvertiseAddress, _parts.Time, NodeDaemon.NewRandom(), _parts.Loggers);
        _agent.News += news => Take(news, renewal);
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

    private void Take(AgentNews news, CertificateRenewal renewal)
    {
        if (news.Removed)
        {
            LogRemoved();
        }

        Managers.Replace(news.Managers);
        if (news.Node is { } node)
        {
            renewal.RoleWanted(node.Role);
        }
    }

    private void OnCertificateReplaced(NodeCertificate certificate) => _roles.Writer.TryWrite(certificate.Identity.Role);

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
        }
    }

    private async Task BecomeManagerAsync(RaftBootstrap bootstrap, CancellationToken cancellation)
    {
        var manager = await ManagerHalf.StartAsync(_parts, _channels, Managers, bootstrap, cancellation);
        _manager = manager;
        _server.Services = manager.Services;
    }

    [LoggerMessage(112, LogLevel.Warning, "The cluster does not know this node any more; `swarm leave` frees it")]
    private partial void LogRemoved();

    [LoggerMessage(111, LogLevel.Information, "This node is now a {Role}")]
    private partial void LogRole(string role);
}
