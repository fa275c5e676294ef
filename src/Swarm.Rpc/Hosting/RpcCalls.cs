using Grpc.Core;
using Microsoft.Extensions.Logging;
using Swarm.Rpc.Clients;
using Swarm.Rpc.Links;
using Swarm.Model;
using Swarm.Rpc.Consensus;
using Swarm.Rpc.Dispatch;
using Swarm.Rpc.Membership;
using Swarm.Rpc.Work;
using Swarm.Rpc.Wire;
using Swarm.Security;

namespace Swarm.Rpc.Hosting;

/// <summary>Binds every method to who may call it and to who answers.</summary>
internal sealed class RpcCalls(CallGate gate, Func<RpcServices> services, string nodeId, RpcServerOptions options, ILogger<LinkedCalls> logger, CancellationToken stopping)
{
    internal ServerServiceDefinition Bind() => ServerServiceDefinition.CreateBuilder()
        .AddMethod(RpcMethods.Session, Streaming(RpcMethods.Session, CallPolicy.Node,
            (caller, request, cancellation) => Offered(services().Dispatcher).SessionAsync(caller, request, cancellation)))
        .AddMethod(RpcMethods.Heartbeat, Unary(RpcMethods.Heartbeat, CallPolicy.Node,
            (caller, request, _, cancellation) => Offered(services().Dispatcher).HeartbeatAsync(caller, request, cancellation)))
        .AddMethod(RpcMethods.UpdateTaskStatus, Unary(RpcMethods.UpdateTaskStatus, CallPolicy.Node, async (caller, request, _, cancellation) =>
        {
            await Offered(services().Dispatcher).UpdateTaskStatusAsync(caller, request, cancellation).ConfigureAwait(false);
            return new UpdateTaskStatusResponse();
        }))
        .AddMethod(RpcMethods.AcknowledgeNetworks, Unary(RpcMethods.AcknowledgeNetworks, CallPolicy.Node, async (caller, request, _, cancellation) =>
        {
            await Offered(services().Dispatcher).AcknowledgeNetworksAsync(caller, request, cancellation).ConfigureAwait(false);
            return new AcknowledgeNetworksResponse();
        }))
        .AddMethod(RpcMethods.FindNetwork, Unary(RpcMethods.FindNetwork, CallPolicy.Node,
            (caller, request, _, cancellation) => Offered(services().Dispatcher).FindNetworkAsync(caller, request, cancellation)))
        .AddMethod(RpcMethods.AttachNetwork, Unary(RpcMethods.AttachNetwork, CallPolicy.Node,
            (caller, request, _, cancellation) => Offered(services().Dispatcher).AttachNetworkAsync(caller, request, cancellation)))
        .AddMethod(RpcMethods.DetachNetwork, Unary(RpcMethods.DetachNetwork, CallPolicy.Node, async (caller, request, _, cancellation) =>
        {
            await Offered(services().Dispatcher).DetachNetworkAsync(caller, request, cancellation).ConfigureAwait(false);
            return new DetachNetworkResponse();
        }))
        .AddMethod(RpcMethods.GetRootCertificate, Unary(RpcMethods.GetRootCertificate, CallPolicy.Anybody,
            (_, _, _, cancellation) => Offered(services().NodeCa).GetRootCertificateAsync(cancellation)))
        .AddMethod(RpcMethods.IssueCertificate, Unary(RpcMethods.IssueCertificate, CallPolicy.Joining,
            (_, request, _, cancellation) => Offered(services().NodeCa).IssueCertificateAsync(request, cancellation)))
        .AddMethod(RpcMethods.RenewCertificate, Unary(RpcMethods.RenewCertificate, CallPolicy.Node,
            (caller, request, _, cancellation) => Offered(services().NodeCa).RenewCertificateAsync(caller, request, cancellation)))
        .AddMethod(RpcMethods.JoinManager, Unary(RpcMethods.JoinManager, CallPolicy.Manager, (caller, request, context, cancellation) =>
        {
            var address = PeerAddress.SeenFrom(request.Address, Caller.Of(context).Address);
            return Offered(services().Membership).JoinManagerAsync(caller, request with { Address = address }, cancellation);
        }))
        .AddMethod(RpcMethods.LeaveManager, Unary(RpcMethods.LeaveManager, CallPolicy.Manager,
            (caller, request, _, cancellation) => Offered(services().Membership).LeaveManagerAsync(caller, request, cancellation)))
        .AddMethod(RpcMethods.TransferLeadership, Unary(RpcMethods.TransferLeadership, CallPolicy.Manager,
            (caller, request, _, cancellation) => Offered(services().Membership).TransferLeadershipAsync(caller, request, cancellation)))
        .AddMethod(RpcMethods.Meet, Unary(RpcMethods.Meet, CallPolicy.Node, Meet))
        .AddMethod(RpcMethods.TaskLogs, Streaming(RpcMethods.TaskLogs, CallPolicy.Manager,
            (caller, request, cancellation) => Offered(services().Work).LogsAsync(caller, request, cancellation)))
        .AddMethod(RpcMethods.Exec, Duplex(RpcMethods.Exec, CallPolicy.Manager,
            (caller, input, cancellation) => Offered(services().Work).ExecAsync(caller, input, cancellation)))
        .AddMethod(RpcMethods.Networks, Streaming(RpcMethods.Networks, CallPolicy.Manager,
            (caller, request, cancellation) => Offered(services().Work).NetworksAsync(caller, request, cancellation)))
        .AddMethod(RpcMethods.Consensus, Unary(RpcMethods.Consensus, CallPolicy.Manager, ConsensusAsync))
        .AddMethod(RpcMethods.ConsensusLink, LinkAsync)
        .Build();

    private async Task<OpaqueBytes> ConsensusAsync(NodeIdentity caller, OpaqueBytes request, ServerCallContext context, CancellationToken cancellation) =>
        new(await ConsensusFor(caller, context)(caller.NodeId, request.Bytes, cancellation).ConfigureAwait(false));

    private async Task LinkAsync(IAsyncStreamReader<OpaqueBytes> requests, IServerStreamWriter<OpaqueBytes> answers, ServerCallContext context)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, stopping);
        try
        {
            await new LinkedCalls(requests, answers, ends, logger).RunAsync(() =>
            {
                var caller = gate.Admit(Caller.Of(context), CallPolicy.Manager, RpcMethods.ConsensusLink.FullName);
                var handler = ConsensusFor(caller, context);
                return (request, cancellation) => handler(caller.NodeId, request, cancellation);
            }).ConfigureAwait(false);
        }
        catch (RpcFault fault)
        {
            throw FaultTrailers.ToException(fault);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            throw FaultTrailers.ToException(Stopping());
        }
    }

    /// <summary>Who answers the consensus messages of this caller, if it may send any.</summary>
    private PeerCallHandler ConsensusFor(NodeIdentity caller, ServerCallContext context)
    {
        // Addresses change hands: whoever answers for another member would be counted as that member's vote and copy.
        if (context.RequestHeaders.GetValue(PeerCalls.RecipientHeader) is { } recipient && recipient != nodeId)
        {
            throw new RpcFault(RpcStatus.Unavailable, $"manager {recipient} is not here: this is {nodeId}");
        }

        if (PeerCalls.Recoveries(context.RequestHeaders) is { } recoveries && options.IsOutdated(caller.NodeId, recoveries))
        {
            throw new RpcFault(RpcStatus.Outdated, $"the swarm was recovered without manager {caller.NodeId}, which is a worker of it now");
        }

        var handler = Offered(services().Consensus);
        Seen(caller, context.RequestHeaders.GetValue(PeerCalls.AddressHeader), context);
        return handler;
    }

    private Task<MeetResponse> Meet(NodeIdentity caller, MeetRequest request, ServerCallContext context, CancellationToken cancellation)
    {
        if (caller.Role == NodeRole.Manager)
        {
            Seen(caller, request.Address, context);
        }

        return Task.FromResult(new MeetResponse
        {
            NodeId = nodeId,
            Managers = [.. options.Peers().Select(peer => new ManagerAddress { NodeId = peer.Key, Address = peer.Value })],
        });
    }

    private void Seen(NodeIdentity caller, string? address, ServerCallContext context)
    {
        if (address is { Length: > 0 and <= PeerAddress.MaxLength })
        {
            options.PeerSeen(caller.NodeId, PeerAddress.SeenFrom(address, Caller.Of(context).Address));
        }
    }

    private UnaryServerMethod<TRequest, TResponse> Unary<TRequest, TResponse>(
        Method<TRequest, TResponse> method, CallPolicy policy, Func<NodeIdentity, TRequest, ServerCallContext, CancellationToken, Task<TResponse>> answer)
        where TRequest : class where TResponse : class => async (request, context) =>
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, stopping);
        try
        {
            return await answer(gate.Admit(Caller.Of(context), policy, method.FullName), request, context, ends.Token).ConfigureAwait(false);
        }
        catch (RpcFault fault)
        {
            throw FaultTrailers.ToException(fault);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            throw FaultTrailers.ToException(Stopping());
        }
    };

    private ServerStreamingServerMethod<TRequest, TResponse> Streaming<TRequest, TResponse>(
        Method<TRequest, TResponse> method, CallPolicy policy, Func<NodeIdentity, TRequest, CancellationToken, IAsyncEnumerable<TResponse>> answer)
        where TRequest : class where TResponse : class => async (request, writer, context) =>
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, stopping);
        try
        {
            var messages = answer(gate.Admit(Caller.Of(context), policy, method.FullName), request, ends.Token);
            await foreach (var message in messages.WithCancellation(ends.Token).ConfigureAwait(false))
            {
                await writer.WriteAsync(message, ends.Token).ConfigureAwait(false);
            }
        }
        catch (RpcFault fault)
        {
            throw FaultTrailers.ToException(fault);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            throw FaultTrailers.ToException(Stopping());
        }
    };

    private DuplexStreamingServerMethod<TRequest, TResponse> Duplex<TRequest, TResponse>(
        Method<TRequest, TResponse> method, CallPolicy policy, Func<NodeIdentity, IAsyncEnumerable<TRequest>, CancellationToken, IAsyncEnumerable<TResponse>> answer)
        where TRequest : class where TResponse : class => (reader, writer, context) =>
        Streaming<TRequest, TResponse>(method, policy, (caller, _, cancellation) => answer(caller, reader.ReadAllAsync(CancellationToken.None), cancellation))(null!, writer, context);

    private static RpcFault Stopping() => new(RpcStatus.Unavailable, "this node is stopping");

    private static T Offered<T>(T? service) where T : class =>
        service ?? throw new RpcFault(RpcStatus.Unavailable, "this node does not offer that: it is no swarm manager, or is only starting");
}
