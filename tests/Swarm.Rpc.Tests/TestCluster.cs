using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Model;
using Swarm.Rpc.Clients;
using Swarm.Rpc.Hosting;
using Swarm.Security;

namespace Swarm.Rpc.Tests;

/// <summary>One cluster's root and the nodes of a test, on loopback ports that the kernel picks.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("swarm-rpc-").FullName;
    private readonly List<IAsyncDisposable> _servers = [];
    private readonly List<IDisposable> _disposables = [];

    internal RootCertificate Root { get; } = RootCertificate.Create(TimeProvider.System);

    /// <summary>Ends every wait of a test that would otherwise hang.</summary>
    internal CancellationTokenSource Deadline { get; } = new(TimeSpan.FromSeconds(60));

    internal CancellationToken Token => Deadline.Token;

    internal NodeFolder Folder(string name) => new(Path.Combine(_path, name));

    internal NodeCredentials Node(string id, NodeRole role, TimeProvider? issuedAt = null, TimeSpan? lifetime = null)
    {
        using var key = new NodeKey();
        return NodeCredentials.Install(Folder(id), key, Issue(key.CreateRequest(), id, role, issuedAt, lifetime), Root.Pem);
    }

    internal string Issue(string request, string id, NodeRole role, TimeProvider? issuedAt = null, TimeSpan? lifetime = null) =>
        Root.IssueNodeCertificate(request, new NodeIdentity(id, role, "c1"), lifetime ?? TimeSpan.FromDays(1), issuedAt ?? TimeProvider.System);

    internal async Task<string> ServeAsync(NodeCredentials credentials, RpcServices services, RpcServerOptions? options = null) =>
        AddressOf(await StartAsync(credentials, services, options));

    internal async Task<RpcServer> StartAsync(NodeCredentials credentials, RpcServices services, RpcServerOptions? options = null)
    {
        options = (options ?? new RpcServerOptions()) with { Listen = new IPEndPoint(IPAddress.Loopback, 0) };
        var server = await RpcServer.StartAsync(options, services, credentials, TimeProvider.System, NullLoggerFactory.Instance, Token);
        _servers.Add(server);
        return server;
    }

    internal static string AddressOf(RpcServer server) => $"127.0.0.1:{server.Endpoint.Port}";

    internal RpcChannels Channels(NodeCredentials credentials)
    {
        var channels = new RpcChannels(credentials, TimeProvider.System);
        _disposables.Add(channels);
        return channels;
    }

    internal PeerAddressBook Book(params (string NodeId, string Address)[] peers)
    {
        var book = new PeerAddressBook(Folder(Guid.NewGuid().ToString("n")));
        foreach (var (nodeId, address) in peers)
        {
            book.Set(nodeId, address);
        }

        return book;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var disposable in _disposables)
        {
            disposable.Dispose();
        }

        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        Root.Dispose();
        Deadline.Dispose();
        Directory.Delete(_path, recursive: true);
    }
}
