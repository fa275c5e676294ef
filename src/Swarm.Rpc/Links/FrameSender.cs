using System.Buffers;
using Swarm.Rpc.Consensus;

namespace Swarm.Rpc.Links;

/// <summary>
/// One direction of a link: frames go out in the order in which they were given, and those that come while a message is on its way go together into
/// the next. Safe from any thread.
/// </summary>
/// <param name="write">Sends a message; called by one at a time. The bytes are used again once it returns.</param>
/// <param name="failed">Hears that it failed: nothing goes out any more.</param>
internal sealed class FrameSender(Func<OpaqueBytes, Task> write, Action<Exception> failed)
{
    /// <summary>Bytes of a message, unless a single frame is larger.</summary>
    internal const int MaxMessage = 64 << 10;

    private readonly Lock _lock = new();
    private readonly Queue<LinkFrame> _waiting = [];
    private readonly ArrayBufferWriter<byte> _message = new();
    private TaskCompletionSource? _idle;
    private bool _sending;
    private bool _ended;

    /// <summary>Bounded by the calls that a link may have open. False: the link has ended, and the frame does not go out.</summary>
    internal bool TryAdd(in LinkFrame frame)
    {
        lock (_lock)
        {
            if (_ended)
            {
                return false;
            }

            _waiting.Enqueue(frame);
            if (_sending)
            {
                return true;
            }

            _sending = true;
        }

        _ = SendAsync();
        return true;
    }

    /// <summary>Takes no frame any more; returns once those that it has taken are sent, or cannot be.</summary>
    internal Task EndAsync()
    {
        lock (_lock)
        {
            _ended = true;
            return _sending ? (_idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task : Task.CompletedTask;
        }
    }

    private async Task SendAsync()
    {
        try
        {
            // Behind what else is ready to run: on a busy machine some of it is about to add a frame.
            await Task.Yield();
            while (Gather())
            {
                await write(new OpaqueBytes(_message.WrittenMemory)).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            failed(e);
            lock (_lock)
            {
                _ended = true;
                _waiting.Clear();
                Rest();
            }
        }
    }

    /// <summary>False: there is nothing to send.</summary>
    private bool Gather()
    {
        _message.ResetWrittenCount();
        lock (_lock)
        {
            while (_waiting.TryPeek(out var next) && (_message.WrittenCount == 0 || _message.WrittenCount + LinkFrame.HeadSize + next.Body.Length <= MaxMessage))
            {
                _waiting.Dequeue();
                if (next.Of?.TrySend() != false)
                {
                    next.WriteTo(_message);
                }
            }

            if (_message.WrittenCount == 0)
            {
                Rest();
            }
        }

        return _message.WrittenCount > 0;
    }

    /// <summary>Under the lock.</summary>
    private void Rest()
    {
        _sending = false;
        _idle?.TrySetResult();
    }
}
