using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Swarm.Lab.Processes;

/// <summary>A process held by descriptor, so that a signal cannot reach another that got its number (pidfd_open(2), pidfd_send_signal(2)).</summary>
internal sealed partial class PidFd : IDisposable
{
    public const int SigKill = 9;
    public const int SigTerm = 15;
    public const int SigCont = 18;
    public const int SigStop = 19;

    /// <summary>The same numbers on every architecture since Linux 5.4 (syscalls(2)).</summary>
    private const int PidfdSendSignal = 424;
    private const int PidfdOpen = 434;
    private const short PollIn = 1;
    private const int WaitNoHang = 1;
    private const int NoSuchProcess = 3;

    private readonly SafeFileHandle _descriptor;
    private readonly int _pid;

    private PidFd(SafeFileHandle descriptor, int pid) => (_descriptor, _pid) = (descriptor, pid);

    /// <summary>Null if the process has ended or is another one now.</summary>
    public static PidFd? Open(ProcessIdentity identity)
    {
        var descriptor = (int)syscall(PidfdOpen, identity.Pid, 0, 0, 0);
        if (descriptor < 0)
        {
            return null;
        }

        var pidfd = new PidFd(new SafeFileHandle(descriptor, ownsHandle: true), identity.Pid);
        if (ProcFs.Find(identity) is not null)
        {
            return pidfd;
        }

        pidfd.Dispose();
        return null;
    }

    /// <exception cref="IOException">Not permitted.</exception>
    public void Signal(int signal)
    {
        if (syscall(PidfdSendSignal, (int)_descriptor.DangerousGetHandle(), signal, 0, 0) != 0
            && Marshal.GetLastPInvokeError() is not NoSuchProcess and var error)
        {
            throw new IOException($"signal {signal} to process {_pid}: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
    }

    /// <summary>Blocks until the process has ended; false when <paramref name="limit"/> has passed first.</summary>
    public bool WaitExit(TimeSpan limit)
    {
        var poll = new PollDescriptor { Descriptor = (int)_descriptor.DangerousGetHandle(), Events = PollIn };
        if (PidFd.poll(ref poll, 1, (int)limit.TotalMilliseconds) <= 0)
        {
            return false;
        }

        // A daemon that this very process started (up and kill in one test) would stay as a zombie: take its status.
        _ = waitpid(_pid, out _, WaitNoHang);
        return true;
    }

    public void Dispose() => _descriptor.Dispose();

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint a, nint b, nint c, nint d);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(ref PollDescriptor descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitpid(int pid, out int status, int options);
}
