using Swarm.Linux;

namespace Swarm.Engine.Shim;

/// <summary>What clients type, on its way to the process. Holds at most one frame; while it does, no client's input is read.</summary>
internal sealed class ShimInput(ContainerStdio stdio, bool once)
{
    private byte[] _pending = [];
    private int _start;
    private bool _ended;

    /// <summary>The process does not read: wait until its end is writable.</summary>
    public bool IsBlocked => _start < _pending.Length;

    /// <summary>An empty payload is the client's end of input.</summary>
    public void Write(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty)
        {
            End();
            return;
        }

        if (stdio.Input < 0)
        {
            return;
        }

        var taken = Put(payload);
        if (taken < payload.Length && stdio.Input >= 0)
        {
            (_pending, _start) = (payload[taken..].ToArray(), 0);
        }
    }

    /// <summary>The process's input is writable again.</summary>
    public void Continue()
    {
        if (!IsBlocked)
        {
            return;
        }

        _start += Put(_pending.AsSpan(_start));
        if (stdio.Input < 0 || !IsBlocked)
        {
            (_pending, _start) = ([], 0);
            if (_ended)
            {
                Close();
            }
        }
    }

    /// <summary>One client has no more. Only StdinOnce ends the process's input with it.</summary>
    public void End()
    {
        if (!once)
        {
            return;
        }

        _ended = true;
        if (!IsBlocked)
        {
            Close();
        }
    }

    private int Put(ReadOnlySpan<byte> bytes)
    {
        var written = FileDescriptors.Write(stdio.Input, bytes);
        if (written >= 0)
        {
            return written;
        }

        if (written is not (-LinuxError.Again or -LinuxError.Interrupted))
        {
            Close();
        }

        return 0;
    }

    private void Close() => stdio.CloseInput();
}
