using Grpc.Core;
using MessagePack;
using Swarm.Rpc.Certificates;
using Swarm.Rpc.Consensus;
using Swarm.Rpc.Dispatch;
using Swarm.Rpc.Membership;
using Swarm.Rpc.Work;

namespace Swarm.Rpc.Wire;

/// <summary>Every call between nodes. The names are on the wire: never change one.</summary>
internal static class RpcMethods
{
    internal static readonly Method<SessionRequest, SessionMessage> Session =
        new(MethodType.ServerStreaming, "swarm.Dispatcher", "Session", Marshallers.Of<SessionRequest>(), Marshallers.Of<SessionMessage>());

    internal static readonly Method<HeartbeatRequest, HeartbeatResponse> Heartbeat = Unary<HeartbeatRequest, HeartbeatResponse>("swarm.Dispatcher", "Heartbeat");

    internal static readonly Method<UpdateTaskStatusRequest, UpdateTaskStatusResponse> UpdateTaskStatus =
        Unary<UpdateTaskStatusRequest, UpdateTaskStatusResponse>("swarm.Dispatcher", "UpdateTaskStatus");

    internal static readonly Method<AcknowledgeNetworksRequest, AcknowledgeNetworksResponse> AcknowledgeNetworks =
        Unary<AcknowledgeNetworksRequest, AcknowledgeNetworksResponse>("swarm.Dispatcher", "AcknowledgeNetworks");

    internal static readonly Method<FindNetworkRequest, FindNetworkResponse> FindNetwork =
        Unary<FindNetworkRequest, FindNetworkResponse>("swarm.Dispatcher", "FindNetwork");

    internal static readonly Method<AttachNetworkRequest, AttachNetworkResponse> AttachNetwork =
        Unary<AttachNetworkRequest, AttachNetworkResponse>("swarm.Dispatcher", "AttachNetwork");

    internal static readonly Method<DetachNetworkRequest, DetachNetworkResponse> DetachNetwork =
        Unary<DetachNetworkRequest, DetachNetworkResponse>("swarm.Dispatcher", "DetachNetwork");

    internal static readonly Method<RootCertificateRequest, RootCertificateResponse> GetRootCertificate =
        Unary<RootCertificateRequest, RootCertificateResponse>("swarm.NodeCa", "GetRootCertificate");

    internal static readonly Method<IssueCertificateRequest, IssuedCertificate> IssueCertificate =
        Unary<IssueCertificateRequest, IssuedCertificate>("swarm.NodeCa", "IssueCertificate");

    internal static readonly Method<RenewCertificateRequest, IssuedCertificate> RenewCertificate =
        Unary<RenewCertificateRequest, IssuedCertificate>("swarm.NodeCa", "RenewCertificate");

    internal static readonly Method<JoinManagerRequest, JoinManagerResponse> JoinManager =
        Unary<JoinManagerRequest, JoinManagerResponse>("swarm.Membership", "JoinManager");

    internal static readonly Method<LeaveManagerRequest, LeaveManagerResponse> LeaveManager =
        Unary<LeaveManagerRequest, LeaveManagerResponse>("swarm.Membership", "LeaveManager");

    internal static readonly Method<TransferLeadershipRequest, TransferLeadershipResponse> TransferLeadership =
        Unary<TransferLeadershipRequest, TransferLeadershipResponse>("swarm.Membership", "TransferLeadership");

    internal static readonly Method<MeetRequest, MeetResponse> Meet = Unary<MeetRequest, MeetResponse>("swarm.Membership", "Meet");

    internal static readonly Method<OpaqueBytes, OpaqueBytes> Consensus =
        new(MethodType.Unary, "swarm.Consensus", "Call", Marshallers.Opaque, Marshallers.Opaque);

    /// <summary>Many consensus messages on one stream (<see cref="Links.LinkFrame"/>); the first answer is empty and says that it is open.</summary>
    internal static readonly Method<OpaqueBytes, OpaqueBytes> ConsensusLink =
        new(MethodType.DuplexStreaming, "swarm.Consensus", "Link", Marshallers.Opaque, Marshallers.Opaque);

    internal static readonly Method<TaskLogRequest, LogBatch> TaskLogs =
        new(MethodType.ServerStreaming, "swarm.NodeWork", "Logs", Marshallers.Of<TaskLogRequest>(), Marshallers.Of<LogBatch>());

    internal static readonly Method<ExecInput, ExecOutput> Exec =
        new(MethodType.DuplexStreaming, "swarm.NodeWork", "Exec", Marshallers.Of<ExecInput>(), Marshallers.Of<ExecOutput>());

    internal static readonly Method<NetworkStateRequest, NetworkState> Networks =
        new(MethodType.ServerStreaming, "swarm.NodeWork", "Networks", Marshallers.Of<NetworkStateRequest>(), Marshallers.Of<NetworkState>());

    private static Method<TRequest, TResponse> Unary<TRequest, TResponse>(string service, string name)
        where TRequest : class where TResponse : class =>
        new(MethodType.Unary, service, name, Marshallers.Of<TRequest>(), Marshallers.Of<TResponse>());
}

[MessagePackObject]
public sealed record UpdateTaskStatusResponse;
