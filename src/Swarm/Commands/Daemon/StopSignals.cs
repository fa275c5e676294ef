using System.Runtime.InteropServices;

namespace Swarm.Commands;

/// <summary>SIGINT and SIGTERM ask the daemon to stop, once and for all.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration _interrupt, _terminate;

    public StopSignals()
    {
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
