using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using Swarm.Rpc.Wire;

namespace Swarm.Rpc.Clients;

/// <summary>One call with its time bound; every failure of the network is an <see cref="RpcFault"/>.</summary>
internal static class UnaryCall
{
    internal static async Task<TResponse> InvokeAsync<TRequest, TResponse>(
        GrpcChannel channel, string address, Method<TRequest, TResponse> method, TRequest request, TimeSpan timeout, TimeProvider time, CancellationToken cancellation, Metadata? headers = null)
        where TRequest : class where TResponse : class
    {
        using var late = new CancellationTokenSource(timeout, time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            using var call = channel.CreateCallInvoker().AsyncUnaryCall(method, null, new CallOptions(headers, cancellationToken: ends.Token), request);
            return await call.ResponseAsync.ConfigureAwait(false);
        }
        catch (RpcException failure)
        {
            throw Translate(failure, address, timeout, late.Token, cancellation);
        }
    }

    /// <summary>Which of the three it was: the caller gave up, the time was over, or the peer refused or broke.</summary>
    internal static Exception Translate(RpcException failure, string address, TimeSpan timeout, CancellationToken late, CancellationToken cancellation)
    {
        if (failure.StatusCode == StatusCode.Cancelled && cancellation.IsCancellationRequested)
        {
            return new OperationCanceledException(failure.Message, failure, cancellation);
        }

        return failure.StatusCode == StatusCode.Cancelled && late.IsCancellationRequested
            ? new RpcFault(RpcStatus.Unavailable, string.Create(CultureInfo.InvariantCulture, $"{address} did not answer within {timeout.TotalSeconds:0.#} s"), inner: failure)
            : FaultTrailers.ToFault(failure, address);
    }
}
