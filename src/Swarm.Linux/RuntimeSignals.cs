using System.Runtime.InteropServices;

namespace Swarm.Linux;

/// <summary>The signal by which the runtime of a natively compiled program stops a thread amid managed code: signal(2), SIGRTMIN of signal(7).</summary>
public static partial class RuntimeSignals
{
    private const nint Ignore = 1;

    /// <summary>
    /// Threads stop for a collection only where they ask for one: at an allocation, or on their way to or from a system call (docs/decisions/0076). Before other threads
    /// start; children that <see cref="ChildProcess"/> starts have the default again.
    /// </summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public static void LeaveThreadsAlone()
    {
        if (signal(__libc_current_sigrtmin(), Ignore) == -1)
        {
            throw LinuxError.Last("signal");
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint signal(int number, nint handler);

    [LibraryImport("libc")]
    private static partial int __libc_current_sigrtmin();
}
