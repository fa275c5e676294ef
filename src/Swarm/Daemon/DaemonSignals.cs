using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace Swarm.Daemon;

/// <summary>SIGHUP, SIGQUIT and SIGUSR1, handled one after the other; what comes while one is waiting already is the same wish again.</summary>
internal sealed class DaemonSignals : IAsyncDisposable
{
    /// <summary>signal(7). Negative numbers are .NET's portable names, positive ones the system's own.</summary>
    private const PosixSignal User1 = (PosixSignal)10;

    private readonly Channel<PosixSignal> _heard = Channel.CreateBounded<PosixSignal>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Task _loop;

    internal DaemonSignals(Action reload, Action dump)
    {
        foreach (var signal in new[] { PosixSignal.SIGHUP, PosixSignal.SIGQUIT, User1 })
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                _heard.Writer.TryWrite(signal);
            }));
        }

        _loop = LoopAsync(reload, dump);
    }

    public async ValueTask DisposeAsync()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _heard.Writer.TryComplete();
        await _loop;
    }

    private async Task LoopAsync(Action reload, Action dump)
    {
        await foreach (var signal in _heard.Reader.ReadAllAsync())
        {
            (signal == PosixSignal.SIGHUP ? reload : dump)();
        }
    }
}
