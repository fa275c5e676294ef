using System.Runtime.InteropServices;
using Swarm.Linux;

namespace Swarm.Commands;

/// <summary>
/// However the daemon was started (under nohup, or in a script's background), it heeds its signals. SIGINT and SIGTERM ask the daemon to stop, once and for all.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private const int Hangup = 1, Interrupt = 2, Quit = 3, Terminate = 15;
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration _interrupt, _terminate;

    public StopSignals()
    {
        foreach (var signal in new[] { Hangup, Interrupt, Quit, Terminate })
        {
            ChildProcess.Heed(signal);
        }

        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Heard);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Heard);
    }

    public CancellationToken Token => _stop.Token;

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _stop.Dispose();
    }

    private void Heard(PosixSignalContext signal)
    {
        // Otherwise the runtime ends the process with the signal's status.
        signal.Cancel = true;
        _stop.Cancel();
    }
}
