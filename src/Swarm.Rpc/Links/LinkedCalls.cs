using System.Text;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Swarm.Rpc.Consensus;

namespace Swarm.Rpc.Links;

/// <summary>Answers one call of a link, as its caller.</summary>
internal delegate Task<ReadOnlyMemory<byte>> LinkAnswer(ReadOnlyMemory<byte> request, CancellationToken cancellation);

/// <summary>The answering end of one link: its calls run beside each other and are answered as they are ready. Safe from any thread.</summary>
internal sealed partial class LinkedCalls
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, CancellationTokenSource> _calls = [];
    private readonly IAsyncStreamReader<OpaqueBytes> _requests;
    private readonly IServerStreamWriter<OpaqueBytes> _answers;
    private readonly FrameSender _sender;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _ends;
    private TaskCompletionSource? _idle;

    /// <param name="ends">Cancelled with the stream, and cancels it.</param>
    internal LinkedCalls(IAsyncStreamReader<OpaqueBytes> requests, IServerStreamWriter<OpaqueBytes> answers, CancellationTokenSource ends, ILogger logger)
    {
        (_requests, _answers, _logger, _ends) = (requests, answers, logger, ends);
        _sender = new FrameSender(answers.WriteAsync, _ => ends.CancelAsync());
    }

    /// <summary>Answers until the stream ends, and every call that it brought is over.</summary>
    /// <param name="admit">Asked for every message anew who answers it, so that a link does not outlive what its caller may.</param>
    /// <exception cref="RpcFault">The caller may not (any more), or does not keep to the rules.</exception>
    internal async Task RunAsync(Func<LinkAnswer> admit)
    {
        admit();
        await _answers.WriteAsync(new OpaqueBytes(default), _ends.Token).ConfigureAwait(false);
        try
        {
            while (await _requests.MoveNext(_ends.Token).ConfigureAwait(false))
            {
                var answer = admit();
                foreach (var frame in LinkFrame.Read(_requests.Current.Bytes))
                {
                    Take(frame, answer);
                }
            }
        }
        catch (InvalidDataException damaged)
        {
            throw new RpcFault(RpcStatus.InvalidArgument, damaged.Message);
        }
        finally
        {
            await _ends.CancelAsync().ConfigureAwait(false);
            await IdleAsync().ConfigureAwait(false);
            await _sender.EndAsync().ConfigureAwait(false);
        }
    }

    private void Take(LinkFrame frame, LinkAnswer answer)
    {
        switch (frame.Kind)
        {
            case LinkFrameKind.Call:
                if (Begin(frame.Number) is not { } call)
                {
                    _sender.TryAdd(Refusal(frame.Number, $"more than {RpcLimits.MaxCallsPerLink} calls are open"));
                    break;
                }

                ThreadPool.UnsafeQueueUserWorkItem(static work => _ = work.Calls.AnswerAsync(work.Frame, work.Call, work.Answer), (Calls: this, Frame: frame, Call: call, Answer: answer), preferLocal: false);
                break;
            case LinkFrameKind.Cancel:
                Cancel(frame.Number);
                break;
            default:
                // Of a newer version.
                break;
        }
    }

    /// <summary>Null: there are too many, of which the caller may have abandoned some.</summary>
    private CancellationTokenSource? Begin(long number)
    {
        lock (_lock)
        {
            if (_calls.Count >= RpcLimits.MaxCallsPerLink)
            {
                return null;
            }

            var call = CancellationTokenSource.CreateLinkedTokenSource(_ends.Token);
            if (!_calls.TryAdd(number, call))
            {
                call.Dispose();
                throw new RpcFault(RpcStatus.InvalidArgument, "a link has two calls of one number");
            }

            return call;
        }
    }

    private void Cancel(long number)
    {
        CancellationTokenSource? call;
        lock (_lock)
        {
            _calls.TryGetValue(number, out call);
        }

        try
        {
            // Whoever waits goes on elsewhere: the stream must be read on.
            _ = call?.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // Just answered.
        }
    }

    private async Task AnswerAsync(LinkFrame request, CancellationTokenSource call, LinkAnswer answer)
    {
        LinkFrame frame;
        try
        {
            frame = new LinkFrame(LinkFrameKind.Answer, request.Number, await answer(request.Body, call.Token).ConfigureAwait(false));
        }
        catch (Exception failure)
        {
            if (failure is not (RpcFault or OperationCanceledException))
            {
                LogFailed(failure);
            }

            frame = Refusal(request.Number, failure.Message);
        }

        // Before the place is free: only as many answers wait as there may be calls.
        _sender.TryAdd(frame);
        lock (_lock)
        {
            _calls.Remove(request.Number);
            if (_calls.Count == 0)
            {
                _idle?.TrySetResult();
            }
        }

        call.Dispose();
    }

    private static LinkFrame Refusal(long number, string reason) => new(LinkFrameKind.Refusal, number, Encoding.UTF8.GetBytes(reason));

    private Task IdleAsync()
    {
        lock (_lock)
        {
            return _calls.Count == 0 ? Task.CompletedTask : (_idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }
}
