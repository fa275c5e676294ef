using System.Text;
using Microsoft.Extensions.Time.Testing;
using Swarm.Manager.Logs;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Work;
using Swarm.Store;
using static Swarm.Manager.Tests.Logs.ScriptedNodeWork;

namespace Swarm.Manager.Tests.Logs;

public sealed class TaskLogsTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();
    private readonly MemoryStore _store;
    private readonly ScriptedNodeWork _nodes = new();
    private readonly CancellationTokenSource _limit = new(Limit);

    public TaskLogsTests()
    {
        _store = new MemoryStore(_time);
        Write(transaction =>
        {
            transaction.Create(new Service { Id = "service" });
            foreach (var node in new[] { "a", "b" })
            {
                transaction.Create(new Node { Id = node, Status = new NodeStatus { State = NodeState.Ready, Address = "127.0.0.1" }, Description = new NodeDescription { Hostname = node } });
                transaction.Create(TaskOn(node));
            }

            return transaction;
        });
    }

    public void Dispose() => _limit.Dispose();

    [Fact]
    public async Task Lines_of_all_nodes_come_in_the_order_of_their_time()
    {
        _nodes.Logs = (node, _, _) => node == "a"
            ? Of(Batch(false, (1, "one"), (4, "four")), Batch(true, (6, "six")))
            : Of(Batch(false, (2, "two")), Batch(true, (3, "three"), (5, "five")));
        var (lines, missing) = await AllAsync();
        Assert.Equal(["one", "two", "three", "four", "five", "six"], lines);
        Assert.Empty(missing);
    }

    [Fact]
    public async Task A_node_that_does_not_answer_is_named_and_the_others_are_read()
    {
        _nodes.Logs = (node, _, _) => node == "a" ? Of(Batch(true, (1, "one"))) : ThenBroken(Batch(false, (2, "two")));
        var (lines, missing) = await AllAsync();
        Assert.Equal(["one", "two"], lines);
        Assert.Equal("task web.b: node b is not available", Assert.Single(missing));
    }

    [Fact]
    public async Task A_node_that_is_down_is_not_even_asked()
    {
        Write(transaction => transaction.Update(_store.View.Nodes.Find("b")! with { Status = new NodeStatus { State = NodeState.Down } }));
        _nodes.Logs = (node, _, _) => node == "a" ? Of(Batch(true, (1, "one"))) : throw new InvalidOperationException("it was asked");
        var (lines, missing) = await AllAsync();
        Assert.Equal(["one"], lines);
        Assert.Equal("task web.b: node b is not available", Assert.Single(missing));
    }

    [Fact]
    public async Task Followed_it_goes_on_with_tasks_that_come_and_ends_with_the_service()
    {
        _nodes.Logs = (node, _, cancellation) => node == "c" ? Of(Batch(true, (9, "of the new one"))) : ThenSilent(Batch(true, (1, node)), cancellation);
        await using var lines = Follow().GetAsyncEnumerator(_limit.Token);
        Assert.Equal(["a", "b"], new[] { await NextAsync(lines), await NextAsync(lines) }.Order());
        Write(transaction => transaction
            .Create(new Node { Id = "c", Status = new NodeStatus { State = NodeState.Ready, Address = "127.0.0.1" } })
            .Create(TaskOn("c")));
        Assert.Equal("of the new one", await NextAsync(lines));
    }

    [Fact]
    public async Task Followed_it_comes_back_to_a_node_that_was_away_and_goes_on_behind_the_last_line()
    {
        var asked = new List<TaskLogRequest>();
        _nodes.Logs = (node, request, cancellation) =>
        {
            if (node == "a")
            {
                return ThenSilent(Batch(true), cancellation);
            }

            asked.Add(request);
            return asked.Count < 3 ? ThenBroken(asked.Count == 1 ? Batch(true, (7, "before")) : Batch(true)) : ThenSilent(Batch(true, (8, "after")), cancellation);
        };
        await using var lines = Follow().GetAsyncEnumerator(_limit.Token);
        Assert.Equal("before", await NextAsync(lines));
        Assert.Equal("warning: node b is not available: lines may be missing or late\n", await NextAsync(lines));
        var next = NextAsync(lines);
        while (!next.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(next, Task.Delay(TimeSpan.FromMilliseconds(1), _limit.Token));
        }

        Assert.Equal("after", await next);
        Assert.All(asked.Skip(1), request => Assert.Equal((At(7).AddTicks(1), null), (request.Since!.Value, request.Tail)));
    }

    [Fact]
    public async Task What_was_never_started_has_no_log()
    {
        Write(transaction => transaction.Update(_store.View.Tasks.Find("task-b")! with { Status = new() { State = TaskState.Preparing } }));
        _nodes.Logs = (node, _, _) => node == "a" ? Of(Batch(true, (1, "one"))) : throw new InvalidOperationException("it was asked");
        var (lines, missing) = await AllAsync();
        Assert.Equal(["one"], lines);
        Assert.Empty(missing);
    }

    private static SwarmTask TaskOn(string node) => new()
    {
        Id = "task-" + node, Name = "web." + node, ServiceId = "service", NodeId = node, DesiredState = TaskState.Running, Status = new() { State = TaskState.Running },
    };

    private void Write(Func<StoreTransaction, StoreTransaction> change) => Assert.True(_store.CommitAsync(change(new StoreTransaction()), CancellationToken.None).Result.IsCommitted);

    private IAsyncEnumerable<TaskLogLine> Follow() =>
        new TaskLogs(_store, _nodes, _time).OfServiceAsync("service", new TaskLogOptions(true, true, Follow: true, null, null, Tail: 5), missing => Assert.Fail(missing), _limit.Token);

    private async Task<(IReadOnlyList<string> Lines, IReadOnlyList<string> Missing)> AllAsync()
    {
        var (lines, missing) = (new List<string>(), new List<string>());
        await foreach (var line in new TaskLogs(_store, _nodes, _time).OfServiceAsync("service", new TaskLogOptions(true, true, Follow: false, null, null, null), missing.Add, _limit.Token))
        {
            lines.Add(Encoding.UTF8.GetString(line.Text.Span));
        }

        return (lines, missing);
    }

    private static async Task<string> NextAsync(IAsyncEnumerator<TaskLogLine> lines)
    {
        Assert.True(await lines.MoveNextAsync());
        return Encoding.UTF8.GetString(lines.Current.Text.Span);
    }
}
