using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Swarm.Model;
using Swarm.Rpc.Dispatch;

namespace Swarm.Agent.Tests;

public sealed class NetworkKeeperTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly FakeNetworks _networks = new();
    private readonly FakeManager _manager = new();
    private readonly CancellationTokenSource _daemon = new();
    private readonly NetworkKeeper _keeper;
    private readonly Task _running;

    public NetworkKeeperTests()
    {
        _networks.Tables = _networks.Tables.Add("old", Table("old", "t0"));
        _keeper = new NetworkKeeper("n1", _networks, _time, NullLogger.Instance);
        _running = _keeper.RunAsync(_daemon.Token);
    }

    [Fact]
    public async Task A_first_message_replaces_what_the_daemon_found_and_later_ones_change_it()
    {
        _keeper.Take(new Assignments { Complete = true, NetworksIndex = 5, Networks = [NetworkChange.Between(null, Table("a", "t1"))] });
        await _keeper.UntilMadeAsync("a", "t1", _ => { }, _daemon.Token);
        Assert.Equal(["a"], _networks.Tables.Keys);
        _keeper.Take(new Assignments
        {
            NetworksIndex = 6,
            Networks = [NetworkChange.Between(Table("a", "t1"), Table("a", "t1", "t2")), NetworkChange.Between(null, Table("b", "t3"))],
        });
        await _keeper.UntilMadeAsync("a", "t2", _ => { }, _daemon.Token);
        Assert.Equal(["a", "b"], _networks.Tables.Keys.Order());
        _keeper.Take(new Assignments { NetworksIndex = 7, RemovedNetworks = ["a"] });
        await _networks.UntilAsync(tables => !tables.ContainsKey("a"));
        await _keeper.RemoveAllAsync(_daemon.Token);
        Assert.Empty(_networks.Tables);
    }

    [Fact]
    public async Task A_manager_of_a_version_without_networks_takes_none_away_and_is_told_nothing()
    {
        _keeper.Take(new Assignments { Complete = true, NetworksIndex = 5, Networks = [NetworkChange.Between(null, Table("a", "t1"))] });
        await _keeper.UntilMadeAsync("a", "t1", _ => { }, _daemon.Token);
        _keeper.BeginSession();
        _keeper.Take(new Assignments { Complete = true });
        using var session = new CancellationTokenSource();
        var acknowledging = _keeper.AcknowledgeAsync(_manager, "session", session.Token);
        Assert.Equal(["a"], _networks.Tables.Keys);
        session.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => acknowledging);
        Assert.Empty(_manager.Acknowledged);
    }

    [Fact]
    public async Task What_is_made_is_acknowledged_and_what_could_not_be_is_tried_again_and_explained()
    {
        _networks.Failures = int.MaxValue;
        var acknowledging = _keeper.AcknowledgeAsync(_manager, "session", _daemon.Token);
        _keeper.Take(new Assignments { NetworksIndex = 9, Networks = [NetworkChange.Between(null, Table("a", "t1"))] });
        var said = new List<string>();
        void Hear(string text)
        {
            said.Add(text);
            _networks.Failures = text.Contains(": ") ? 0 : _networks.Failures;
        }

        var waiting = _keeper.UntilMadeAsync("a", "t1", Hear, _daemon.Token);
        while (!waiting.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        await waiting;
        Assert.Contains("waiting for network a: no such device", said);
        Assert.Equal(9, await _manager.NextAsync());
        _daemon.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => acknowledging);
    }

    [Fact]
    public async Task A_network_that_this_node_can_never_make_is_a_reason_to_reject_the_task()
    {
        _networks.Failures = int.MaxValue;
        _networks.Unsupported = _networks.Unsupported.Add("a", "encrypted networks need /dev/net/tun");
        _keeper.Take(new Assignments { NetworksIndex = 9, Networks = [NetworkChange.Between(null, Table("a", "t1"))] });
        var rejected = await Assert.ThrowsAsync<TaskRejectedException>(() => _keeper.UntilMadeAsync("a", "t1", _ => { }, _daemon.Token));
        Assert.Equal("encrypted networks need /dev/net/tun", rejected.Message);
    }

    [Fact]
    public async Task Leaving_waits_for_a_network_that_is_just_being_made()
    {
        _keeper.Take(new Assignments { Complete = true, NetworksIndex = 5 });
        await _networks.UntilAsync(tables => tables.IsEmpty);
        var making = _networks.Hold();
        _keeper.Take(new Assignments { NetworksIndex = 6, Networks = [NetworkChange.Between(null, Table("a", "t1"))] });
        await making.Begun;
        var leaving = _keeper.RemoveAllAsync(_daemon.Token);
        Assert.False(leaving.IsCompleted);
        making.End();
        await leaving;
        Assert.Empty(_networks.Tables);
    }

    public async ValueTask DisposeAsync()
    {
        _daemon.Cancel();
        await _running;
        _daemon.Dispose();
    }

    private static NetworkTable Table(string id, params string[] endpoints) => new()
    {
        Network = new Network { Id = id, Annotations = new Annotations { Name = id } },
        Endpoints = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, endpoints.Select(one => KeyValuePair.Create(one, new NetworkEndpoint { NodeId = one }))),
    };

    private sealed class FakeNetworks : INodeNetworks
    {
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Making? _held;

        public ImmutableDictionary<string, NetworkTable> Tables { get; set; } = ImmutableDictionary<string, NetworkTable>.Empty;

        public ImmutableDictionary<string, string> Unsupported { get; set; } = ImmutableDictionary<string, string>.Empty;

        public ImmutableArray<ContainerPlace> Places => [];

        internal int Failures { get; set; }

        /// <summary>The next to be applied waits.</summary>
        internal Making Hold() => _held = new Making();

        public Task<ImmutableArray<string>> FaultsAsync(string networkId, CancellationToken cancellation) => Task.FromResult(ImmutableArray<string>.Empty);

        public async Task ApplyAsync(string nodeId, ImmutableDictionary<string, NetworkTable> tables, CancellationToken cancellation)
        {
            if (Failures-- > 0)
            {
                throw new IOException("no such device");
            }

            if (Interlocked.Exchange(ref _held, null) is { } held)
            {
                await held.WaitAsync();
            }

            Tables = tables;
            (var changed, _changed) = (_changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            changed.SetResult();
        }

        internal async Task UntilAsync(Func<ImmutableDictionary<string, NetworkTable>, bool> done)
        {
            while (true)
            {
                var changed = _changed.Task;
                if (done(Tables))
                {
                    return;
                }

                await changed;
            }
        }
    }

    private sealed class Making
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task Begun => _begun.Task;

        internal void End() => _end.SetResult();

        internal Task WaitAsync()
        {
            _begun.SetResult();
            return _end.Task;
        }
    }

    private sealed class FakeManager : IDispatcherClient
    {
        private readonly TaskCompletionSource<long> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal List<long> Acknowledged { get; } = [];

        internal Task<long> NextAsync() => _first.Task;

        public Task AcknowledgeNetworksAsync(AcknowledgeNetworksRequest request, CancellationToken cancellation)
        {
            Acknowledged.Add(request.Index);
            _first.TrySetResult(request.Index);
            return Task.CompletedTask;
        }

        public IAsyncEnumerable<SessionMessage> SessionAsync(SessionRequest request, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<HeartbeatResponse> HeartbeatAsync(HeartbeatRequest request, CancellationToken cancellation) => throw new NotSupportedException();

        public Task UpdateTaskStatusAsync(UpdateTaskStatusRequest request, CancellationToken cancellation) => throw new NotSupportedException();
    }
}
