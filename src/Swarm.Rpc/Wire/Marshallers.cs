using System.Buffers;
using Grpc.Core;
using MessagePack;
using Swarm.Model;
using Swarm.Rpc.Consensus;

namespace Swarm.Rpc.Wire;

/// <summary>gRPC frames with MessagePack inside.</summary>
internal static class Marshallers
{
    internal static readonly Marshaller<OpaqueBytes> Opaque = new(
        static (value, context) =>
        {
            context.SetPayloadLength(value.Bytes.Length);
            context.GetBufferWriter().Write(value.Bytes.Span);
            context.Complete();
        },
        static context => new OpaqueBytes(context.PayloadAsNewBuffer()));

    internal static Marshaller<T> Of<T>() where T : class => new(
        static (value, context) =>
        {
            Codec.Serialize(context.GetBufferWriter(), value);
            context.Complete();
        },
        static context =>
        {
            try
            {
                return Codec.Deserialize<T>(context.PayloadAsReadOnlySequence());
            }
            catch (MessagePackSerializationException failure)
            {
                throw new RpcException(new Status(StatusCode.InvalidArgument, $"the message is no {typeof(T).Name}", failure));
            }
        });
}
