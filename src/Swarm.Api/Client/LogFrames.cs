using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace Swarm.Api.Client;

/// <param name="IsError">From the container's standard error.</param>
public readonly record struct LogFrame(bool IsError, ReadOnlyMemory<byte> Payload);

/// <summary>Docker's multiplexed stream: one byte of stream number, three zeros, a big-endian length, the payload (Engine API, ContainerAttach).</summary>
public static class LogFrames
{
    private const int HeaderBytes = 8;
    private const byte StandardError = 2, SystemError = 3;

    /// <summary>Engines cut lines into pieces of at most 16 KiB; a longer frame is not one.</summary>
    private const int MaxPayloadBytes = 16 * 1024 * 1024;

    /// <exception cref="EngineClientException">The engine says on the stream what is wrong.</exception>
    /// <exception cref="InvalidDataException">Not such a stream.</exception>
    public static async IAsyncEnumerable<LogFrame> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var header = new byte[HeaderBytes];
        while (await stream.ReadAtLeastAsync(header, HeaderBytes, throwOnEndOfStream: false, cancellation) == HeaderBytes)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4));
            if (header[0] > SystemError || length > MaxPayloadBytes)
            {
                throw new InvalidDataException("the log stream is not multiplexed as the Engine API says");
            }

            var payload = new byte[length];
            await stream.ReadExactlyAsync(payload, cancellation);
            if (header[0] == SystemError)
            {
                throw new EngineClientException(System.Net.HttpStatusCode.OK, Encoding.UTF8.GetString(payload).TrimEnd());
            }

            yield return new LogFrame(header[0] == StandardError, payload);
        }
    }
}
