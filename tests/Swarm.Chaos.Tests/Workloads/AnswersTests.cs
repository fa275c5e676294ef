using System.Net;
using System.Net.Sockets;
using Swarm.Api.Client;
using Swarm.Api.Wire;
using Swarm.Chaos.Histories;
using Swarm.Chaos.Workloads;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Chaos.Tests.Workloads;

/// <summary>A wrong "certainly not done" here would blame the cluster for what a client misread, or hide what it did.</summary>
public sealed class AnswersTests
{
    private static readonly EngineEndpoint Somewhere = EngineEndpoint.Parse("unix:///run/nowhere.sock");

    [Theory]
    [InlineData(400, "rpc error: code = InvalidArgument desc = name must be valid as a DNS name component", Outcome.Failed)]
    [InlineData(404, "service x not found", Outcome.Failed)]
    [InlineData(409, "rpc error: code = AlreadyExists desc = name conflicts with an existing object: service x already exists", Outcome.Failed)]
    [InlineData(501, "jobs are not built in this version", Outcome.Failed)]
    [InlineData(500, "rpc error: code = Unknown desc = update out of sequence", Outcome.Failed)]
    [InlineData(500, "rpc error: code = Unknown desc = update out of sequence: the object changed 16 times while this was tried. Try again", Outcome.Failed)]
    [InlineData(500, "rpc error: code = ResourceExhausted desc = the object is too large for the cluster's log", Outcome.Failed)]
    [InlineData(500, "rpc error: code = Unknown desc = the leader changed while this was written: it may or may not have been done. Look before you try again", Outcome.Unknown)]
    [InlineData(500, "Object reference not set to an instance of an object.", Outcome.Unknown)]
    [InlineData(503, "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few managers are online. Make sure more than half of the managers are online.", Outcome.Failed)]
    [InlineData(503, "This node is not a swarm manager. Manager is being prepared or has trouble connecting to the cluster.", Outcome.Failed)]
    [InlineData(503, "something else is not available", Outcome.Unknown)]
    [InlineData(502, "bad gateway", Outcome.Unknown)]
    public void A_refusal_means(int status, string message, Outcome outcome) =>
        Assert.Equal(outcome, Answers.Classify(new EngineClientException((HttpStatusCode)status, message)));

    [Fact]
    public async Task A_daemon_that_is_not_there_has_done_nothing()
    {
        using var client = new EngineClient(Somewhere);
        var failure = await Assert.ThrowsAsync<EngineUnreachableException>(() => client.PingAsync(Soon()));
        Assert.Equal(Outcome.Failed, Answers.Classify(failure));
    }

    /// <summary>A request without a body would be sent again by the HTTP client itself; one with a body never is, which the verdict stands on.</summary>
    [Fact]
    public async Task A_connection_that_breaks_before_the_answer_says_nothing()
    {
        var folder = Directory.CreateTempSubdirectory("chaos-answers-");
        try
        {
            var path = Path.Combine(folder.FullName, "s.sock");
            using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            listener.Listen();
            var server = Task.Run(async () =>
            {
                using var connection = await listener.AcceptAsync();
                await connection.ReceiveAsync(new byte[4096]);
            });
            using var client = new EngineClient(EngineEndpoint.Parse("unix://" + path));
            var failure = await Assert.ThrowsAsync<EngineUnreachableException>(() => client.CreateServiceAsync(new ServiceSpec { Name = "x" }, Soon()));
            await server;
            Assert.Equal(Outcome.Unknown, Answers.Classify(failure));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_client_that_waits_no_longer_knows_nothing() => Assert.Equal(Outcome.Unknown, Answers.Classify(new OperationCanceledException()));

    private static CancellationToken Soon() => new CancellationTokenSource(TimeSpan.FromSeconds(10)).Token;
}
