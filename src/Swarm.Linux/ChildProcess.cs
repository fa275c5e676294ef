using System.Runtime.InteropServices;
using System.Text;

namespace Swarm.Linux;

/// <summary>A descriptor of ours and the number it gets in the child.</summary>
public readonly record struct ChildDescriptor(int Source, int Target);

/// <summary>
/// Children with chosen descriptors, which System.Diagnostics.Process cannot pass: posix_spawn(3), waitpid(2), kill(2), pidfd_open(2),
/// prctl(2) PR_SET_CHILD_SUBREAPER. Signals are unblocked and back at their defaults in the child (.NET ignores SIGPIPE, which children inherit).
/// </summary>
public static unsafe partial class ChildProcess
{
    private const short SetSignalMask = 0x08, SetSignalDefaults = 0x04, NewSession = 0x80;
    private const int PrctlSetChildSubreaper = 36, PrctlSetName = 15, WaitNoHang = 1, SystemCallPidfdOpen = 434;
    private const int LowestSafeDescriptor = 32;

    // posix_spawnattr_t is 336 bytes and posix_spawn_file_actions_t 80 in glibc and less in musl; sigset_t is 128.
    private const int OpaqueSize = 512, SignalSetSize = 128;

    /// <summary>Starts <paramref name="path"/> with exactly this environment and, of our descriptors, only the given ones.</summary>
    /// <returns>The process id.</returns>
    /// <exception cref="IOException">It could not be started.</exception>
    public static int Start(string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment, ReadOnlySpan<ChildDescriptor> descriptors, bool newSession)
    {
        var actions = stackalloc byte[OpaqueSize];
        var attributes = stackalloc byte[OpaqueSize];
        var signals = stackalloc byte[SignalSetSize];
        Span<int> copies = stackalloc int[descriptors.Length];
        copies.Fill(-1);
        posix_spawn_file_actions_init(actions);
        posix_spawnattr_init(attributes);
        try
        {
            for (var i = 0; i < descriptors.Length; i++)
            {
                // A source below a target could be overwritten by an earlier dup2: move all low ones out of the way.
                var source = descriptors[i].Source;
                if (source < LowestSafeDescriptor)
                {
                    source = copies[i] = FileDescriptors.Duplicate(source, LowestSafeDescriptor);
                }

                posix_spawn_file_actions_adddup2(actions, source, descriptors[i].Target);
            }

            sigemptyset(signals);
            posix_spawnattr_setsigmask(attributes, signals);
            sigfillset(signals);
            posix_spawnattr_setsigdefault(attributes, signals);
            posix_spawnattr_setflags(attributes, (short)(SetSignalMask | SetSignalDefaults | (newSession ? NewSession : 0)));

            using var argv = new StringVector(arguments);
            using var envp = new StringVector(environment);
            int pid;
            var error = posix_spawn(&pid, path, actions, attributes, argv.Pointer, envp.Pointer);
            return error == 0 ? pid : throw LinuxError.Of("cannot start " + path, error);
        }
        finally
        {
            posix_spawn_file_actions_destroy(actions);
            posix_spawnattr_destroy(attributes);
            foreach (var copy in copies)
            {
                if (copy >= 0)
                {
                    FileDescriptors.Close(copy);
                }
            }
        }
    }

    /// <summary>As <see cref="Start"/>, with nothing to read and nobody to hear it: /dev/null as all three streams.</summary>
    public static int StartSilently(string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment, bool newSession)
    {
        var nothing = FileDescriptors.Open("/dev/null", FileDescriptors.ReadWrite);
        try
        {
            return Start(path, arguments, environment, [new(nothing, 0), new(nothing, 1), new(nothing, 2)], newSession);
        }
        finally
        {
            FileDescriptors.Close(nothing);
        }
    }

    /// <summary>Waits until our child <paramref name="pid"/> has ended and reaps it. Null if it is not our child (any more).</summary>
    public static WaitStatus? Wait(int pid)
    {
        int status, result;
        do
        {
            result = waitpid(pid, &status, 0);
        }
        while (result < 0 && Marshal.GetLastPInvokeError() == LinuxError.Interrupted);

        return result == pid ? new WaitStatus(status) : null;
    }

    /// <summary>Without waiting: whether our child has ended, which is then reaped, or is not ours (any more).</summary>
    public static bool HasEnded(int pid)
    {
        int status;
        return waitpid(pid, &status, WaitNoHang) != 0;
    }

    /// <summary>Reaps one ended child without waiting; null if none has ended.</summary>
    public static (int Pid, WaitStatus Status)? ReapAny()
    {
        int status;
        var pid = waitpid(-1, &status, WaitNoHang);
        return pid > 0 ? (pid, new WaitStatus(status)) : null;
    }

    /// <summary>False if there is no such process.</summary>
    public static bool Signal(int pid, int signal) => kill(pid, signal) == 0;

    /// <summary>A descriptor that becomes readable when the process ends, or minus errno.</summary>
    public static int OpenPidfd(int pid)
    {
        var fd = (int)syscall(SystemCallPidfdOpen, pid, 0);
        return fd >= 0 ? fd : -Marshal.GetLastPInvokeError();
    }

    /// <summary>Orphaned descendants become our children instead of init's.</summary>
    public static void BecomeSubreaper()
    {
        if (prctl(PrctlSetChildSubreaper, 1, 0, 0, 0) != 0)
        {
            throw LinuxError.Last("prctl(PR_SET_CHILD_SUBREAPER)");
        }
    }

    /// <summary>prctl(2) PR_SET_NAME: what ps(1) and top(1) call this thread, and the process if it is the first; 15 bytes of it.</summary>
    public static void Name(string name)
    {
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
        {
            if (prctl(PrctlSetName, (nuint)text, 0, 0, 0) != 0)
            {
                throw LinuxError.Last("prctl(PR_SET_NAME)");
            }
        }
    }

    /// <summary>signal(2) with SIG_IGN.</summary>
    public static void Ignore(int signalNumber) => signal(signalNumber, 1);

    /// <summary>signal(2) with SIG_DFL. A shell starts what it puts into the background with SIGINT ignored, and .NET hears no ignored signal.</summary>
    public static void Heed(int signalNumber) => signal(signalNumber, 0);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn(int* pid, string path, byte* actions, byte* attributes, byte** argv, byte** envp);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_adddup2(byte* actions, int fd, int target);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_destroy(byte* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setflags(byte* attributes, short flags);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigmask(byte* attributes, byte* signals);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigdefault(byte* attributes, byte* signals);

    [LibraryImport("libc")]
    private static partial int sigemptyset(byte* signals);

    [LibraryImport("libc")]
    private static partial int sigfillset(byte* signals);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitpid(int pid, int* status, int options);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);

    [LibraryImport("libc")]
    private static partial nint signal(int signal, nint handler);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint a, nint b);

    /// <summary>A null-terminated char*[] outside the managed heap.</summary>
    private readonly ref struct StringVector : IDisposable
    {
        private readonly int _count;

        public StringVector(IReadOnlyList<string> strings)
        {
            _count = strings.Count;
            Pointer = (byte**)NativeMemory.AllocZeroed((nuint)(_count + 1), (nuint)sizeof(byte*));
            for (var i = 0; i < _count; i++)
            {
                var length = Encoding.UTF8.GetByteCount(strings[i]);
                Pointer[i] = (byte*)NativeMemory.AllocZeroed((nuint)length + 1);
                Encoding.UTF8.GetBytes(strings[i], new Span<byte>(Pointer[i], length));
            }
        }

        public byte** Pointer { get; }

        public void Dispose()
        {
            for (var i = 0; i < _count; i++)
            {
                NativeMemory.Free(Pointer[i]);
            }

            NativeMemory.Free(Pointer);
        }
    }
}

/// <summary>The status word of waitpid(2).</summary>
public readonly record struct WaitStatus(int Value)
{
    /// <summary>The signal that ended the process; 0 if it exited.</summary>
    public int Signal => Value & 0x7f;

    /// <summary>As a shell shows it: the exit code, or 128 plus the signal.</summary>
    public int ExitCode => Signal == 0 ? (Value >> 8) & 0xff : 128 + Signal;
}
