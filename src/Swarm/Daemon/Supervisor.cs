using System.Globalization;
using Microsoft.Extensions.Hosting.Systemd;

namespace Swarm.Daemon;

/// <summary>
/// Who started the daemon, if that is systemd or speaks as it does (sd_notify(3)): it hears when the API answers, that the daemon is still alive, and that it
/// ends. Where there is nobody, nothing is said.
/// </summary>
internal sealed class Supervisor(TimeProvider time)
{
    private const string Interval = "WATCHDOG_USEC", For = "WATCHDOG_PID";

    private readonly SystemdNotifier _notifier = new();

    public void Ready() => _notifier.Notify(ServiceState.Ready);

    public void Stopping() => _notifier.Notify(ServiceState.Stopping);

    /// <summary>Twice in the time after which the supervisor takes a silent daemon for hung, until cancelled. At once at the end where it does not look.</summary>
    public async Task WatchAsync(CancellationToken cancellation)
    {
        if (Environment.GetEnvironmentVariable(For) is { Length: > 0 } process && process != Environment.ProcessId.ToString(CultureInfo.InvariantCulture)
            || !long.TryParse(Environment.GetEnvironmentVariable(Interval), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds) || microseconds == 0)
        {
            return;
        }

        while (true)
        {
            _notifier.Notify(new ServiceState("WATCHDOG=1"));
            await Task.Delay(TimeSpan.FromMicroseconds(microseconds / 2), time, cancellation);
        }
    }
}
