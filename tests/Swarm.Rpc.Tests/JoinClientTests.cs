using Swarm.Model;
using Swarm.Rpc.Certificates;
using Swarm.Rpc.Clients;
using Swarm.Rpc.Dispatch;
using Swarm.Security;

namespace Swarm.Rpc.Tests;

public sealed class JoinClientTests : IAsyncLifetime
{
    private readonly TestCluster _cluster = new();
    private string _token = "";

    public Task InitializeAsync()
    {
        _token = JoinToken.Generate(_cluster.Root.Digest).Reveal();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task A_machine_with_a_token_becomes_a_node()
    {
        var address = await ServeAsync(_cluster.Root.Pem);
        var folder = _cluster.Folder("joining");
        var joined = await JoinAsync([address], _token, folder);
        Assert.Equal(new NodeIdentity("n9", NodeRole.Worker, "c1"), joined.Credentials.Identity);
        Assert.Equal("10.0.0.1:2377", Assert.Single(joined.Managers).Address);
        Assert.Equal("n9", NodeCredentials.Load(folder)!.Identity.NodeId);
    }

    [Fact]
    public async Task The_next_manager_is_asked_when_one_is_dead()
    {
        var address = await ServeAsync(_cluster.Root.Pem);
        var joined = await JoinAsync(["127.0.0.1:1", address], _token, _cluster.Folder("joining"));
        Assert.Equal("n9", joined.Credentials.Identity.NodeId);
    }

    [Fact]
    public async Task A_root_that_the_token_does_not_vouch_for_is_refused_before_the_secret_is_sent()
    {
        using var impostor = RootCertificate.Create(TimeProvider.System);
        var services = Services(impostor.Pem);
        var address = await _cluster.ServeAsync(_cluster.Node("m1", NodeRole.Manager), services.Offered);
        var fault = await Assert.ThrowsAsync<RpcFault>(() => JoinAsync([address], _token, _cluster.Folder("joining")));
        Assert.Equal("remote CA does not match fingerprint. Expected: " + _cluster.Root.Digest["sha256:".Length..], fault.Message);
        Assert.Equal(["GetRootCertificate"], services.Calls.Select(call => call.Method));
    }

    [Fact]
    public async Task A_manager_that_shows_the_right_root_without_being_of_it_never_sees_the_secret()
    {
        await using var other = new TestCluster();
        var services = Services(_cluster.Root.Pem);
        var address = await other.ServeAsync(other.Node("m1", NodeRole.Manager), services.Offered);
        var fault = await Assert.ThrowsAsync<RpcFault>(() => JoinAsync([address], _token, _cluster.Folder("joining")));
        Assert.Equal(RpcStatus.Unavailable, fault.Status);
        Assert.Equal(["GetRootCertificate"], services.Calls.Select(call => call.Method));
    }

    [Fact]
    public async Task A_manager_between_two_leaders_is_asked_again()
    {
        var asked = 0;
        var services = Services(_cluster.Root.Pem);
        var issue = services.Issue;
        var electing = new RecordingServices
        {
            RootPem = _cluster.Root.Pem,
            Issue = request => ++asked < JoinClient.MaxRounds ? throw new RpcFault(RpcStatus.Unavailable, "no leader") : issue(request),
        };
        var address = await _cluster.ServeAsync(_cluster.Node("m1", NodeRole.Manager), electing.Offered);
        Assert.Equal("n9", (await JoinAsync([address], _token, _cluster.Folder("joining"))).Credentials.Identity.NodeId);
    }

    [Fact]
    public async Task What_is_no_token_fails_with_Dockers_text()
    {
        var fault = await Assert.ThrowsAsync<RpcFault>(() => JoinAsync(["127.0.0.1:1"], "SWMTKN-nonsense", _cluster.Folder("joining")));
        Assert.Equal("invalid join token", fault.Message);
    }

    [Fact]
    public async Task When_no_manager_answers_the_error_says_what_to_check()
    {
        var fault = await Assert.ThrowsAsync<RpcFault>(() => JoinAsync(["127.0.0.1:1"], _token, _cluster.Folder("joining")));
        Assert.Equal(RpcStatus.Unavailable, fault.Status);
        Assert.Contains("could not reach a manager of the swarm (127.0.0.1:1 did not answer: Connection refused", fault.Message, StringComparison.Ordinal);
    }

    private Task<JoinedNode> JoinAsync(string[] remotes, string token, NodeFolder folder) =>
        new JoinClient(TimeProvider.System).JoinAsync(remotes, token, NodeAvailability.Active, folder, _cluster.Token);

    private RecordingServices Services(string root) => new()
    {
        RootPem = root,
        Issue = request => new IssuedCertificate
        {
            NodeId = "n9",
            Certificate = _cluster.Issue(request.Request, "n9", NodeRole.Worker),
            Managers = [new ManagerAddress { NodeId = "m1", Address = "10.0.0.1:2377" }],
        },
    };

    private Task<string> ServeAsync(string root) => _cluster.ServeAsync(_cluster.Node("m1", NodeRole.Manager), Services(root).Offered);
}
