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
            throw FaultTrailers.ToFault(failure, address);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw Late(address, timeout);
        }
    }

    internal static RpcFault Late(string address, TimeSpan timeout) =>
        new(RpcStatus.Unavailable, string.Create(CultureInfo.InvariantCulture, $"{address} did not answer within {timeout.TotalSeconds:0.#} s"));
}
