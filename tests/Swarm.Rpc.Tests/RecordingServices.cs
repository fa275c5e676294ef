using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Swarm.Model;
using Swarm.Rpc.Certificates;
using Swarm.Rpc.Dispatch;
using Swarm.Rpc.Hosting;
using Swarm.Rpc.Membership;
using Swarm.Rpc.Work;
using Swarm.Security;

namespace Swarm.Rpc.Tests;

/// <summary>A manager that remembers who called what; a session's messages are what the test writes.</summary>
internal sealed class RecordingServices : IDispatcher, INodeCa, IMembership, INodeWork
{
    internal ConcurrentQueue<(string Method, string NodeId)> Calls { get; } = [];

    internal Channel<SessionMessage> Messages { get; } = Channel.CreateUnbounded<SessionMessage>();

    /// <summary>What every session hears first, if set: also one that comes again because its first attempt ran out of patience.</summary>
    internal SessionMessage? Greeting { get; set; }

    /// <summary>Thrown by every dispatcher call, if set.</summary>
    internal volatile RpcFault? Refusal;

    internal Func<IssueCertificateRequest, IssuedCertificate> Issue { get; init; } = _ => new IssuedCertificate();

    internal string RootPem { get; init; } = "";

    internal string JoinedAddress { get; private set; } = "";

    internal RpcServices Offered => new()
    {
        Dispatcher = this,
        NodeCa = this,
        Membership = this,
        Work = this,
        Consensus = (caller, request, _) =>
        {
            Calls.Enqueue(("Consensus", caller));
            return Task.FromResult<ReadOnlyMemory<byte>>(request.ToArray().Reverse().ToArray());
        },
    };

    public async IAsyncEnumerable<SessionMessage> SessionAsync(NodeIdentity caller, SessionRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        Calls.Enqueue(("Session", caller.NodeId));
        Refuse();
        if (Greeting is { } greeting)
        {
            yield return greeting;
        }

        await foreach (var message in Messages.Reader.ReadAllAsync(cancellation))
        {
            yield return message;
        }
    }

    public Task<TransferLeadershipResponse> TransferLeadershipAsync(NodeIdentity caller, TransferLeadershipRequest request, CancellationToken cancellation)
    {
        Calls.Enqueue(("TransferLeadership", caller.NodeId));
        return Task.FromResult(new TransferLeadershipResponse { LeaderId = request.Successor });
    }

    public Task<HeartbeatResponse> HeartbeatAsync(NodeIdentity caller, HeartbeatRequest request, CancellationToken cancellation)
    {
        Calls.Enqueue(("Heartbeat", caller.NodeId));
        Refuse();
        return Task.FromResult(new HeartbeatResponse { Period = TimeSpan.FromSeconds(7) });
    }

    public Task UpdateTaskStatusAsync(NodeIdentity caller, UpdateTaskStatusRequest request, CancellationToken cancellation)
    {
        Calls.Enqueue(("UpdateTaskStatus", caller.NodeId));
        return Task.CompletedTask;
    }

    public Task AcknowledgeNetworksAsync(NodeIdentity caller, AcknowledgeNetworksRequest request, CancellationToken cancellation)
    {
        Calls.Enqueue(("AcknowledgeNetworks", caller.NodeId));
        return Task.CompletedTask;
    }

    public Task<FindNetworkResponse> FindNetworkAsync(NodeIdentity caller, FindNetworkRequest request, CancellationToken cancellation)
    {
        Calls.Enqueue(("FindNetwork", caller.NodeId));
        return Task.FromResult(new FindNetworkResponse());
    }

    public Task<AttachNetworkResponse> AttachNetworkAsync(NodeIdentity caller, AttachNetworkRequest request, CancellationToken cancellation)
    {
        Calls.Enqueue(("AttachNetwork", caller.NodeId));
        return Task.FromResult(new AttachNetworkResponse());
    }

    public Task DetachNetworkAsync(NodeIdentity caller, DetachNetworkRequest request, CancellationToken cancellation)
    {
        Calls.Enqueue(("DetachNetwork", caller.NodeId));
        return Task.CompletedTask;
    }

    public Task<RootCertificateResponse> GetRootCertificateAsync(CancellationToken cancellation)
    {
        Calls.Enqueue(("GetRootCertificate", ""));
        return Task.FromResult(new RootCertificateResponse { Certificate = RootPem });
    }

    public Task<IssuedCertificate> IssueCertificateAsync(IssueCertificateRequest request, CancellationToken cancellation)
    {
        Calls.Enqueue(("IssueCertificate", ""));
        return Task.FromResult(Issue(request));
    }

    public Task<IssuedCertificate> RenewCertificateAsync(NodeIdentity caller, RenewCertificateRequest request, CancellationToken cancellation)
    {
        Calls.Enqueue(("RenewCertificate", caller.NodeId));
        return Task.FromResult(new IssuedCertificate { NodeId = caller.NodeId, Role = NodeRole.Manager });
    }

    public Task<JoinManagerResponse> JoinManagerAsync(NodeIdentity caller, JoinManagerRequest request, CancellationToken cancellation)
    {
        Calls.Enqueue(("JoinManager", caller.NodeId));
        JoinedAddress = request.Address;
        return Task.FromResult(new JoinManagerResponse());
    }

    public Task<LeaveManagerResponse> LeaveManagerAsync(NodeIdentity caller, LeaveManagerRequest request, CancellationToken cancellation)
    {
        Calls.Enqueue(("LeaveManager", caller.NodeId));
        return Task.FromResult(new LeaveManagerResponse());
    }

    public IAsyncEnumerable<LogBatch> LogsAsync(NodeIdentity caller, TaskLogRequest request, CancellationToken cancellation)
    {
        Calls.Enqueue(("Logs", caller.NodeId));
        return AsyncEnumerable.Empty<LogBatch>();
    }

    public IAsyncEnumerable<ExecOutput> ExecAsync(NodeIdentity caller, IAsyncEnumerable<ExecInput> input, CancellationToken cancellation)
    {
        Calls.Enqueue(("Exec", caller.NodeId));
        return AsyncEnumerable.Empty<ExecOutput>();
    }

    public IAsyncEnumerable<NetworkState> NetworksAsync(NodeIdentity caller, NetworkStateRequest request, CancellationToken cancellation)
    {
        Calls.Enqueue(("Networks", caller.NodeId));
        return AsyncEnumerable.Empty<NetworkState>();
    }

    private void Refuse()
    {
        if (Refusal is { } refusal)
        {
            throw refusal;
        }
    }
}
