using System.Globalization;
using System.Text;
using Grpc.Core;
using Swarm.Rpc.Clients;
using Swarm.Rpc.Consensus;
using Swarm.Rpc.Wire;

namespace Swarm.Rpc.Links;

/// <summary>
/// The calling end of a link: one stream to another manager that carries many calls, each with its number. Ends with its stream; calls are then made by
/// themselves until there is another link. Safe from any thread.
/// </summary>
internal sealed class PeerLink
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, LinkCall> _calls = [];
    private readonly PeerChannel _channel;
    private readonly AsyncDuplexStreamingCall<OpaqueBytes, OpaqueBytes> _stream;
    private readonly FrameSender _sender;
    private readonly string _peer;
    private readonly Action<RpcFault> _refused;
    private long _number;
    private bool _retired;
    private bool _ended;

    private PeerLink(PeerChannel channel, AsyncDuplexStreamingCall<OpaqueBytes, OpaqueBytes> stream, LinkKey key, Action<RpcFault> refused)
    {
        (_channel, _stream, _refused) = (channel, stream, refused);
        Key = key;
        _peer = $"manager {key.NodeId}";
        _sender = new FrameSender(stream.RequestStream.WriteAsync, _ => stream.Dispose());
    }

    /// <summary>What it was opened with: with anything else there must be another link.</summary>
    internal LinkKey Key { get; }

    /// <summary>Calls that it has carried.</summary>
    internal long Carried => Volatile.Read(ref _number);

    /// <summary>Whether it takes calls.</summary>
    internal bool IsOpen
    {
        get
        {
            lock (_lock)
            {
                return !_ended && !_retired;
            }
        }
    }

    /// <param name="channel">Held; let go when the link ends.</param>
    /// <param name="refused">Hears it if the other end says why it ends the link.</param>
    /// <exception cref="RpcFault">The other end refused, did not answer in time, or knows no links.</exception>
    internal static async Task<PeerLink> OpenAsync(PeerChannel channel, LinkKey key, Action<RpcFault> refused, TimeProvider time)
    {
        using var late = new CancellationTokenSource(RpcLimits.CallTimeout, time);
        AsyncDuplexStreamingCall<OpaqueBytes, OpaqueBytes>? stream = null;
        try
        {
            // Its metadata is all that the token bounds: it is let go of when the other end has answered.
            stream = channel.Channel.CreateCallInvoker().AsyncDuplexStreamingCall(RpcMethods.ConsensusLink, null, new CallOptions(PeerCalls.Headers(key)));
            await using (late.Token.UnsafeRegister(static stream => ((IDisposable)stream!).Dispose(), stream).ConfigureAwait(false))
            {
                if (!await stream.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false))
                {
                    throw new RpcFault(RpcStatus.Unavailable, $"{key.Address} closed the link");
                }
            }

            late.Token.ThrowIfCancellationRequested();
            var link = new PeerLink(channel, stream, key, refused);
            _ = link.ReadAsync();
            return link;
        }
        catch (Exception failure)
        {
            stream?.Dispose();
            channel.Release();
            throw failure switch
            {
                RpcException refusal => UnaryCall.Translate(refusal, key.Address, RpcLimits.CallTimeout, late.Token, CancellationToken.None),
                OperationCanceledException => new RpcFault(RpcStatus.Unavailable, $"{key.Address} did not answer", inner: failure),
                _ => failure,
            };
        }
    }

    /// <summary>Null: the link takes no call now, and nothing was sent.</summary>
    internal LinkCall? Begin(ReadOnlyMemory<byte> request)
    {
        LinkCall call;
        lock (_lock)
        {
            if (_ended || _retired || _calls.Count >= RpcLimits.MaxCallsPerLink)
            {
                return null;
            }

            call = new LinkCall(++_number);
            _calls.Add(call.Number, call);
        }

        if (_sender.TryAdd(new LinkFrame(LinkFrameKind.Call, call.Number, request, call)))
        {
            return call;
        }

        Take(call.Number);
        return null;
    }

    /// <exception cref="PeerNotReachedException">The link broke before the request went out.</exception>
    /// <exception cref="IOException">The other end refused it, or did not answer; it may have received the request.</exception>
    internal async Task<ReadOnlyMemory<byte>> AnswerAsync(LinkCall call, TimeSpan timeout, TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            return await call.Answer.WaitAsync(timeout, time, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException late)
        {
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"{_peer} did not answer within {timeout.TotalSeconds:0.#} s"), late);
        }
        finally
        {
            if (!call.Answer.IsCompleted && call.Abandon())
            {
                _sender.TryAdd(new LinkFrame(LinkFrameKind.Cancel, call.Number, default));
            }

            Take(call.Number);
        }
    }

    /// <summary>Takes no call any more, and ends when those that it carries have.</summary>
    internal void Retire()
    {
        lock (_lock)
        {
            _retired = true;
            if (_calls.Count > 0)
            {
                return;
            }
        }

        _stream.Dispose();
    }

    private LinkCall? Take(long number)
    {
        LinkCall? call;
        bool last;
        lock (_lock)
        {
            _calls.Remove(number, out call);
            last = _retired && _calls.Count == 0;
        }

        if (last)
        {
            _stream.Dispose();
        }

        return call;
    }

    private async Task ReadAsync()
    {
        RpcFault? cause = null;
        try
        {
            while (await _stream.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false))
            {
                foreach (var frame in LinkFrame.Read(_stream.ResponseStream.Current.Bytes))
                {
                    Deliver(frame);
                }
            }
        }
        catch (RpcException failure)
        {
            cause = FaultTrailers.ToFault(failure, Key.Address);
        }
        catch (InvalidDataException failure)
        {
            cause = new RpcFault(RpcStatus.Unavailable, failure.Message, inner: failure);
        }

        End(cause);
    }

    private void Deliver(in LinkFrame frame)
    {
        switch (frame.Kind)
        {
            case LinkFrameKind.Answer:
                Take(frame.Number)?.Complete(frame.Body);
                break;
            case LinkFrameKind.Refusal:
                Take(frame.Number)?.Refuse(_peer, Encoding.UTF8.GetString(frame.Body.Span));
                break;
            default:
                // Of a newer version.
                break;
        }
    }

    private void End(RpcFault? cause)
    {
        List<LinkCall> broken;
        lock (_lock)
        {
            _ended = true;
            broken = [.. _calls.Values];
            _calls.Clear();
        }

        _stream.Dispose();
        _channel.Release();
        broken.ForEach(call => call.Break(_peer, cause));
        if (cause is not null)
        {
            _refused(cause);
        }
    }
}
