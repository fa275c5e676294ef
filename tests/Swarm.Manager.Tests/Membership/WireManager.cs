using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Manager.Certificates;
using Swarm.Manager.Membership;
using Swarm.Rpc;
using Swarm.Rpc.Clients;
using Swarm.Rpc.Hosting;
using Swarm.Rpc.Membership;
using Swarm.Security;
using Swarm.Store;
using Swarm.Store.Consensus;
using Swarm.Store.Consensus.Raft;
using Swarm.Store.Replication;

namespace Swarm.Manager.Tests.Membership;

/// <summary>A manager as the daemon puts it together, in this process: real consensus, real TLS, a loopback port.</summary>
internal sealed class WireManager : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _loops = [];
    private readonly RpcChannels _channels;
    private readonly RpcServer _server;

    private WireManager(NodeCredentials credentials, RpcServer server, RpcChannels channels, PeerAddressBook book, ReplicatedStore store)
    {
        Credentials = credentials;
        _server = server;
        _channels = channels;
        Store = store;
        var queue = new MembershipQueue();
        var reconciler = new RoleReconciler(store, store.Consensus, queue, TimeProvider.System, NullLogger<RoleReconciler>.Instance);
        server.Services = new RpcServices
        {
            NodeCa = new NodeCertificateAuthority(store, TimeProvider.System, NullLogger<NodeCertificateAuthority>.Instance),
            Membership = new MembershipService(store, store.Consensus, queue, book, TimeProvider.System, NullLogger<MembershipService>.Instance),
            Consensus = store.HandleAsync,
        };
        _loops.Add(queue.RunAsync(_stop.Token));
        _loops.Add(new ManagerAddressSync(store, book).RunAsync(_stop.Token));
        _loops.Add(WhileLeadingAsync(reconciler));
        Membership = new MembershipClient(channels, book, new Random(1), TimeProvider.System);
    }

    internal NodeCredentials Credentials { get; }

    internal string Id => Credentials.Identity.NodeId;

    internal string Address => AddressOf(_server);

    internal ReplicatedStore Store { get; }

    internal MembershipClient Membership { get; }

    internal static async Task<WireManager> StartAsync(NodeCredentials credentials, string folder, RaftBootstrap bootstrap, IEnumerable<(string NodeId, string Address)> known, CancellationToken token)
    {
        var book = new PeerAddressBook(new NodeFolder(folder));
        foreach (var (nodeId, address) in known)
        {
            book.Set(nodeId, address);
        }

        var channels = new RpcChannels(credentials, TimeProvider.System);
        var options = new RpcServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0), PeerSeen = book.Set };
        var server = await RpcServer.StartAsync(options, RpcServices.None, credentials, TimeProvider.System, NullLoggerFactory.Instance, token);
        var transport = new Transport(new PeerCalls(channels, book, () => new PeerSelf(AddressOf(server), 0), _ => { }, TimeSpan.FromMinutes(1)));
        var raft = new RaftOptions { Directory = Path.Combine(folder, "raft"), NodeId = credentials.Identity.NodeId, Bootstrap = bootstrap, DataKeys = [new byte[32]] };
        var store = new ReplicatedStore(
            raft.NodeId, state => new RaftConsensus(raft, state, transport, TimeProvider.System, NullLoggerFactory.Instance), transport, TimeProvider.System);
        await store.StartAsync(token);
        return new WireManager(credentials, server, channels, book, store);
    }

    internal Task JoinAsync(CancellationToken token) => Membership.JoinManagerAsync(new JoinManagerRequest { Address = Address }, token);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var loop in _loops)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);
        }

        _server.Services = RpcServices.None;
        await Store.DisposeAsync();
        await _server.DisposeAsync();
        _channels.Dispose();
        _stop.Dispose();
    }

    private static string AddressOf(RpcServer server) => $"127.0.0.1:{server.Endpoint.Port}";

    private async Task WhileLeadingAsync(RoleReconciler reconciler)
    {
        CancellationTokenSource? term = null;
        var running = Task.CompletedTask;
        await foreach (var leadership in Store.WatchLeadershipAsync(_stop.Token))
        {
            if (leadership.IsLeader && term is null)
            {
                term = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                running = reconciler.RunAsync(term.Token);
            }
            else if (!leadership.IsLeader && term is not null)
            {
                await term.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
                term = null;
            }
        }
    }

    private sealed class Transport(PeerCalls calls) : IPeerTransport
    {
        public async Task<ReadOnlyMemory<byte>> CallAsync(string nodeId, ReadOnlyMemory<byte> request, CancellationToken cancellation)
        {
            try
            {
                return await calls.CallAsync(nodeId, request, cancellation);
            }
            catch (PeerNotReachedException unreached)
            {
                throw new PeerUnreachableException(unreached.Message, unreached);
            }
        }
    }
}
