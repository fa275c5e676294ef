using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Swarm.Manager.Membership;
using Swarm.Model;
using Swarm.Rpc.Clients;
using Swarm.Security;
using Swarm.Store;

namespace Swarm.Manager.Tests.Membership;

/// <summary>A leader called self, its store, and the members of its consensus.</summary>
internal sealed class ManagersFixture : IAsyncDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("swarm-members-").FullName;
    private readonly CancellationTokenSource _stop = new(TimeSpan.FromSeconds(60));
    private readonly List<Task> _loops = [];

    internal ManagersFixture(params string[] managers)
    {
        Store = new MemoryStore(Time);
        Consensus = new FakeConsensus(managers);
        Book = new PeerAddressBook(new NodeFolder(_path));
        Service = new MembershipService(Store, Consensus, Queue, Book, Time, NullLogger<MembershipService>.Instance);
        Reconciler = new RoleReconciler(Store, Consensus, Queue, Time, NullLogger<RoleReconciler>.Instance);
        var transaction = new StoreTransaction().Create(new Cluster { Id = "c1" });
        foreach (var id in managers)
        {
            transaction.Create(Manager(id));
        }

        Assert.True(Store.CommitAsync(transaction, default).Result.IsCommitted);
    }

    internal FakeTimeProvider Time { get; } = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    internal MemoryStore Store { get; }

    internal FakeConsensus Consensus { get; }

    internal PeerAddressBook Book { get; }

    internal MembershipQueue Queue { get; } = new();

    internal MembershipService Service { get; }

    internal RoleReconciler Reconciler { get; }

    internal CancellationToken Token => _stop.Token;

    internal static Node Manager(string id) => new()
    {
        Id = id,
        Role = NodeRole.Manager,
        Spec = new NodeSpec { Role = NodeRole.Manager },
        Manager = new ManagerStatus { Address = id + ".example:2377" },
    };

    internal static Node Worker(string id) => new() { Id = id };

    internal Node Node(string id) => Store.View.Nodes.Find(id)!;

    internal void Start(Func<CancellationToken, Task> loop) => _loops.Add(loop(_stop.Token));

    internal async Task CommitAsync(StoreTransaction transaction) => Assert.True((await Store.CommitAsync(transaction, Token)).IsCommitted);

    internal Task WantRoleAsync(string id, NodeRole role) =>
        CommitAsync(new StoreTransaction().Update(Node(id) with { Spec = Node(id).Spec with { Role = role } }));

    /// <summary>Lets time pass until it is so.</summary>
    internal async Task UntilAsync(Func<bool> condition, string what)
    {
        while (!condition())
        {
            Assert.False(Token.IsCancellationRequested, "in 60 s it was never so: " + what);
            Assert.DoesNotContain(_loops, loop => loop.IsFaulted);
            Time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }
    }

    /// <summary>Lets passes go by, each of which could do what must not be done.</summary>
    internal async Task PassesAsync()
    {
        for (var pass = 0; pass < 5; pass++)
        {
            Time.Advance(TimeSpan.FromSeconds(2));
            // The queue is in order: what was asked before this has been done after it.
            await Assert.ThrowsAsync<Rpc.RpcFault>(() => Service.LeaveManagerAsync(new NodeIdentity("nobody", NodeRole.Manager, "c1"), new(), Token));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var loop in _loops)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);
        }

        _stop.Dispose();
        Directory.Delete(_path, recursive: true);
    }
}
