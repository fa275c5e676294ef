using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Model;
using Swarm.Rpc.Certificates;
using Swarm.Rpc.Dispatch;
using Swarm.Rpc.Wire;
using Swarm.Security;

namespace Swarm.Rpc.Tests;

/// <summary>Certificates that live for seconds, renewed under load: nothing of what is said meanwhile is lost or refused.</summary>
public sealed class LiveRenewalTests : IAsyncLifetime
{
    private const int Renewals = 3;
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(3);
    private readonly TestCluster _cluster = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, int> _renewed = new();
    private readonly List<Task> _renewals = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var renewal in _renewals)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => renewal);
        }

        _stop.Dispose();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task A_stream_and_a_row_of_calls_outlive_the_certificates_that_they_began_with()
    {
        var (manager, worker) = (Short("m1", NodeRole.Manager), Short("w1", NodeRole.Worker));
        var services = new RecordingServices();
        var address = await _cluster.ServeAsync(manager, services.Offered);
        var channels = _cluster.Channels(worker);
        var (firstOfManager, firstOfWorker) = (manager.Current, worker.Current);
        KeepRenewed(manager);
        KeepRenewed(worker);

        var heard = new List<string>();
        var listening = Task.Run(async () =>
        {
            await foreach (var message in channels.StreamAsync(address, RpcMethods.Session, new SessionRequest(), RpcLimits.CallTimeout, _cluster.Token))
            {
                heard.Add(message.SessionId);
            }
        });
        var said = new List<string>();
        while (_renewed.GetValueOrDefault("m1") < Renewals || _renewed.GetValueOrDefault("w1") < Renewals)
        {
            said.Add($"{said.Count}");
            services.Messages.Writer.TryWrite(new SessionMessage { SessionId = said[^1] });
            // A refused call throws: expired, cut off, or not believed.
            await channels.CallAsync(address, RpcMethods.Heartbeat, new HeartbeatRequest(), RpcLimits.CallTimeout, _cluster.Token);
        }

        services.Messages.Writer.Complete();
        await listening;
        Assert.Equal(said, heard);
        Assert.True(firstOfManager.NotAfter < TimeProvider.System.GetUtcNow() && firstOfWorker.NotAfter < TimeProvider.System.GetUtcNow(), "the first certificates have not expired");
        Assert.Single(services.Calls, call => call.Method == "Session");
    }

    private NodeCredentials Short(string id, NodeRole role) => _cluster.Node(id, role, lifetime: Lifetime);

    private void KeepRenewed(NodeCredentials credentials)
    {
        var identity = credentials.Identity;
        credentials.Replaced += _ => _renewed.AddOrUpdate(identity.NodeId, 1, (_, count) => count + 1);
        var renewal = new CertificateRenewal(
            credentials,
            (request, _) => Task.FromResult(new IssuedCertificate { Role = identity.Role, Certificate = _cluster.Issue(request.Request, identity.NodeId, identity.Role, lifetime: Lifetime) }),
            new Random(1),
            TimeProvider.System,
            NullLogger<CertificateRenewal>.Instance);
        _renewals.Add(renewal.RunAsync(_stop.Token));
    }
}
