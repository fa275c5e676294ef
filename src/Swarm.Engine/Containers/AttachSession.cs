using System.Net.Sockets;
using Swarm.Engine.Shim;

namespace Swarm.Engine.Containers;

/// <summary>
/// A client's stream on one side, a shim on the other. Output is passed on as it comes: framed, or without frames for a terminal.
/// </summary>
public sealed class AttachSession
{
    private readonly Task<ShimConnection?> _connection;
    private readonly Action _forget;
    private readonly bool _raw, _stdin;
    private readonly DetachKeys? _detachKeys;

    internal AttachSession(Task<ShimConnection?> connection, bool raw, bool stdin, DetachKeys? detachKeys, Action forget) =>
        (_connection, _raw, _stdin, _detachKeys, _forget) = (connection, raw, stdin, detachKeys, forget);

    /// <summary>Carries bytes until the process ends, the client leaves or types the keys to detach. True if it detached.</summary>
    /// <param name="client">A read of 0 bytes is the end of its input, after which it may still listen.</param>
    public async Task<bool> RunAsync(Stream client, CancellationToken cancellation)
    {
        using var connection = await WaitForConnectionAsync(cancellation).ConfigureAwait(false);
        if (connection is null)
        {
            return false;
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var output = CopyOutputAsync(connection, client, ended.Token);
        var input = CopyInputAsync(connection, client, ended.Token);
        try
        {
            // The end of the client's input is not the end of the session; its detaching is.
            if (await Task.WhenAny(output, input).ConfigureAwait(false) == input && await input.ConfigureAwait(false))
            {
                return true;
            }

            await output.ConfigureAwait(false);
            return false;
        }
        catch (IOException)
        {
            return false; // the client left
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            connection.Dispose();
            await Task.WhenAll(output, input).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
        }
    }

    private async Task<ShimConnection?> WaitForConnectionAsync(CancellationToken cancellation)
    {
        try
        {
            return await _connection.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _forget();
            throw;
        }
    }

    private async Task CopyOutputAsync(ShimConnection connection, Stream client, CancellationToken cancellation)
    {
        while (await connection.ReadAsync(cancellation).ConfigureAwait(false) is { } frame)
        {
            if (frame.Kind is ShimFrameKind.Stdout or ShimFrameKind.Stderr)
            {
                await client.WriteAsync(_raw ? frame.Payload : frame.Whole, cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task<bool> CopyInputAsync(ShimConnection connection, Stream client, CancellationToken cancellation)
    {
        if (!_stdin)
        {
            return false;
        }

        var buffer = new byte[ShimFrame.MaximumPayload];
        try
        {
            while (true)
            {
                var count = await client.ReadAsync(buffer, cancellation).ConfigureAwait(false);
                var detach = -1;
                if (count > 0 && _detachKeys is not null)
                {
                    detach = _detachKeys.Find(buffer.AsSpan(0, count));
                }

                var payload = buffer.AsMemory(0, detach >= 0 ? detach : count);
                if (detach < 0 || payload.Length > 0)
                {
                    await connection.SendAsync(ShimFrameKind.Stdin, payload, cancellation).ConfigureAwait(false);
                }

                if (detach >= 0 || count == 0)
                {
                    return detach >= 0;
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
        {
            return false; // the process or the client is gone; the output's side says which
        }
    }
}
