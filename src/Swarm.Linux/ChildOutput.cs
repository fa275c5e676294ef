using System.Net.Sockets;
using System.Text;

namespace Swarm.Linux;

/// <summary>Runs a short command and answers how it ended and the start of what it said.</summary>
public static class ChildOutput
{
    private const int MaximumText = 64 * 1024;

    /// <param name="start">Starts the child; the descriptor becomes its standard output and error. Answers the process id.</param>
    /// <param name="maximumText">Characters, about: more is read and dropped.</param>
    public static async Task<(WaitStatus Status, string Text)> CollectAsync(Func<int, Task<int>> start, CancellationToken cancellation, int maximumText = MaximumText)
    {
        // A socket rather than a pipe: it can be awaited without a thread that blocks.
        var (ours, theirs) = LocalSocket.Pair();
        using var socket = new Socket(new SafeSocketHandle(ours, ownsHandle: true));
        int pid;
        try
        {
            pid = await start(theirs).ConfigureAwait(false);
        }
        finally
        {
            FileDescriptors.Close(theirs);
        }

        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            int count;
            while ((count = await socket.ReceiveAsync(buffer, cancellation).ConfigureAwait(false)) > 0)
            {
                if (text.Length < maximumText)
                {
                    text.Append(Encoding.UTF8.GetString(buffer, 0, count));
                }
            }
        }
        catch (OperationCanceledException)
        {
            const int kill = 9;
            ChildProcess.Signal(pid, kill);
            ChildProcess.Wait(pid);
            throw;
        }

        var status = ChildProcess.Wait(pid) ?? throw new IOException($"process {pid} was reaped by someone else");
        return (status, text.ToString().Trim());
    }
}
