using System.IO.Pipelines;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Swarm.Manager.Control;
using Swarm.Manager.Exec;
using Swarm.Manager.Tests.Logs;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Work;
using Swarm.Store;

namespace Swarm.Manager.Tests.Exec;

public sealed class TaskExecTests
{
    private readonly MemoryStore _store = new(new FakeTimeProvider());
    private readonly ScriptedNodeWork _nodes = new();

    public TaskExecTests() => Write(transaction => transaction
        .Create(new Node { Id = "node", Status = new NodeStatus { State = NodeState.Ready, Address = "127.0.0.1" }, Description = new NodeDescription { Hostname = "n1" } })
        .Create(new Service { Id = "service", Spec = new ServiceSpec { Annotations = new Annotations { Name = "web" } } })
        .Create(TaskOf(1, TaskState.Failed))
        .Create(TaskOf(2, TaskState.Running)));

    [Theory]
    [InlineData("web")]
    [InlineData("service")]
    [InlineData("web.2")]
    [InlineData("task-2")]
    public async Task A_task_is_found_by_its_service_its_slot_or_itself(string target) => Assert.Equal("task-2", (await CreateAsync(target)).Task.Id);

    [Theory]
    [InlineData("web.1", 409, "task web.1 is not running: it is failed")]
    [InlineData("web.3", 409, "no task of web.3 is running")]
    [InlineData("none", 404, "none")]
    public async Task What_does_not_run_is_refused(string target, int status, string message)
    {
        var refusal = await Assert.ThrowsAsync<ControlException>(() => CreateAsync(target));
        Assert.Equal(status, refusal.Status);
        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_is_down_is_said()
    {
        Write(transaction => transaction.Update(_store.View.Nodes.Find("node")! with { Status = new NodeStatus { State = NodeState.Down } }));
        Assert.Contains("is on node n1, which is down", (await Assert.ThrowsAsync<ControlException>(() => CreateAsync("web"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bytes_and_the_terminals_size_go_in_and_bytes_and_the_exit_code_come_out()
    {
        var exec = await CreateAsync("web");
        var told = new List<ExecInput>();
        _nodes.Execs = (input, _) => Node(input);
        var (client, node) = Pair();
        exec.Resize(10, 20);
        await client.WriteAsync(Encoding.UTF8.GetBytes("in"));
        var running = exec.RunAsync(node, CancellationToken.None);
        var buffer = new byte[16];
        Assert.Equal("out", Encoding.UTF8.GetString(buffer, 0, await client.ReadAsync(buffer)));
        Assert.True(exec is { IsRunning: true, ExitCode: null, Pid: 7 });
        await client.CloseInputAsync();
        await running;
        Assert.True(exec is { IsRunning: false, IsEnded: true, ExitCode: 3 });
        Assert.Equal("cat", told[0].Command!.Arguments.Single());
        Assert.Equal("in", string.Concat(told.Where(one => one.Stdin is not null).Select(one => Encoding.UTF8.GetString(one.Stdin))));
        Assert.Equal((10, 20), told.Where(one => one.Size is not null).Select(one => (one.Size!.Rows, one.Size.Columns)).Single());

        async IAsyncEnumerable<ExecOutput> Node(IAsyncEnumerable<ExecInput> input)
        {
            yield return new ExecOutput { Pid = 7, Bytes = Encoding.UTF8.GetBytes("out") };
            await foreach (var one in input)
            {
                told.Add(one);
                if (one.IsStdinOver && told.Exists(other => other.Size is not null))
                {
                    break;
                }
            }

            yield return new ExecOutput { Pid = 7, ExitCode = 3 };
        }
    }

    [Theory]
    [InlineData(RpcStatus.NotFound, 404)]
    [InlineData(RpcStatus.Unavailable, 409)]
    public async Task A_node_that_refuses_is_the_callers_answer_and_ends_it(RpcStatus fault, int status)
    {
        var exec = await CreateAsync("web");
        _nodes.Execs = (_, _) => throw new RpcFault(fault, "no");
        Assert.Equal(status, (await Assert.ThrowsAsync<ControlException>(() => exec.RunAsync(Stream.Null, CancellationToken.None))).Status);
        Assert.True(exec is { IsRunning: false, IsEnded: true, ExitCode: null });
    }

    [Fact]
    public async Task It_is_started_once()
    {
        var exec = await CreateAsync("web");
        Assert.True(exec.TryClaim());
        Assert.False(exec.TryClaim());
    }

    private Task<TaskExec> CreateAsync(string target) =>
        new TaskExecs(_store, _nodes).CreateAsync(target, new TaskExecCommand { Arguments = ["cat"], Stdin = true }, CancellationToken.None);

    private void Write(Func<StoreTransaction, StoreTransaction> change) => Assert.True(_store.CommitAsync(change(new StoreTransaction()), CancellationToken.None).Result.IsCommitted);

    private static SwarmTask TaskOf(ulong slot, TaskState state) => new()
    {
        Id = $"task-{slot}", Name = $"web.{slot}", ServiceId = "service", Slot = slot, NodeId = "node", DesiredState = TaskState.Running, Status = new() { State = state },
    };

    private static (Client Client, Stream Node) Pair()
    {
        var (input, output) = (new Pipe(), new Pipe());
        return (new Client(output.Reader.AsStream(), input.Writer), new Both(input.Reader.AsStream(), output.Writer.AsStream()));
    }

    private sealed class Client(Stream reads, PipeWriter writes)
    {
        internal async Task WriteAsync(byte[] bytes) => await writes.WriteAsync(bytes);

        internal ValueTask<int> ReadAsync(byte[] buffer) => reads.ReadAsync(buffer);

        internal ValueTask CloseInputAsync() => writes.CompleteAsync();
    }

    /// <summary>A stream that is read from one side and written to another.</summary>
    private sealed class Both(Stream reads, Stream writes) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default) => reads.ReadAsync(buffer, cancellation);

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellation = default)
        {
            await writes.WriteAsync(buffer, cancellation);
            await writes.FlushAsync(cancellation);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override void Flush() => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
