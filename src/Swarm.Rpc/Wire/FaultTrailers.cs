using System.Globalization;
using Grpc.Core;

namespace Swarm.Rpc.Wire;

/// <summary>Carries an <see cref="RpcFault"/> in gRPC's status and trailers. gRPC's own status codes are for what ends before a handler is reached.</summary>
internal static class FaultTrailers
{
    private const string StatusKey = "swarm-status";
    private const string LeaderKey = "swarm-leader";

    internal static RpcException ToException(RpcFault fault)
    {
        var trailers = new Metadata { { StatusKey, ((int)fault.Status).ToString(CultureInfo.InvariantCulture) } };
        if (fault.LeaderAddress is { } leader)
        {
            trailers.Add(LeaderKey, leader);
        }

        return new RpcException(new Status(CodeOf(fault.Status), fault.Message), trailers);
    }

    internal static RpcFault ToFault(RpcException exception, string address)
    {
        if (int.TryParse(exception.Trailers.GetValue(StatusKey), CultureInfo.InvariantCulture, out var number) && Enum.IsDefined((RpcStatus)number))
        {
            return new RpcFault((RpcStatus)number, exception.Status.Detail, exception.Trailers.GetValue(LeaderKey));
        }

        var cause = exception.InnerException ?? exception.Status.DebugException;
        return new RpcFault(RpcStatus.Unavailable, $"{address} did not answer: {(cause is null ? exception.Status.Detail : Innermost(cause).Message)}", inner: cause);
    }

    private static Exception Innermost(Exception exception) => exception.InnerException is { } inner ? Innermost(inner) : exception;

    private static StatusCode CodeOf(RpcStatus status) => status switch
    {
        RpcStatus.NotLeader or RpcStatus.FailedPrecondition => StatusCode.FailedPrecondition,
        RpcStatus.Unavailable => StatusCode.Unavailable,
        RpcStatus.Unauthenticated => StatusCode.Unauthenticated,
        RpcStatus.PermissionDenied => StatusCode.PermissionDenied,
        RpcStatus.NotFound => StatusCode.NotFound,
        RpcStatus.InvalidArgument => StatusCode.InvalidArgument,
        RpcStatus.SessionInvalid => StatusCode.Aborted,
        _ => StatusCode.Unknown,
    };
}
