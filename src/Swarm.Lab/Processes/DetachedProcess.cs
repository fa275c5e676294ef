using System.Runtime.InteropServices;
using Swarm.Linux;

namespace Swarm.Lab.Processes;

/// <summary>
/// Starts a node's daemon so that it outlives the command that started it: a session of its own, no terminal, output to a file, inside the node's
/// network namespace, and with the node's name as its host name (a UTS namespace of its own).
/// </summary>
internal static unsafe partial class DetachedProcess
{
    /// <summary>Room for glibc's posix_spawnattr_t (336 bytes), posix_spawn_file_actions_t (80) and sigset_t (128) on every architecture.</summary>
    private const int OpaqueBytes = 512;

    // spawn.h: a new session; signals as at boot, for .NET ignores SIGPIPE and a child would inherit that.
    private const short SetSignalDefault = 0x04;
    private const short SetSignalMask = 0x08;
    private const short SetSession = 0x80;

    // sched.h, open(2)
    private const int CloneNewUts = 0x04000000;
    private const int ReadOnly = 0;
    private const int WriteOnlyCreateAppend = 0x1 | 0x40 | 0x400;
    private const uint LogMode = 0x1a0; // 0640

    /// <exception cref="LabException">The kernel refuses, or the file is no program.</exception>
    public static ProcessIdentity Start(IReadOnlyList<string> command, string log, NetworkNamespace network, string hostName) =>
        network.Run(() =>
        {
            // The thread ends with this action, and with it its share of the new UTS namespace; the child keeps it.
            Check(unshare(CloneNewUts) == 0 ? 0 : Marshal.GetLastPInvokeError(), "unshare a UTS namespace");
            Check(sethostname(hostName, (nuint)hostName.Length) == 0 ? 0 : Marshal.GetLastPInvokeError(), "set the host name");
            return Spawn(command, log);
        });

    private static ProcessIdentity Spawn(IReadOnlyList<string> command, string log)
    {
        var actions = stackalloc byte[OpaqueBytes];
        var attributes = stackalloc byte[OpaqueBytes];
        var signals = stackalloc byte[OpaqueBytes];
        Check(posix_spawn_file_actions_init(actions), "prepare a process");
        Check(posix_spawnattr_init(attributes), "prepare a process");
        try
        {
            Check(posix_spawn_file_actions_addopen(actions, 0, "/dev/null", ReadOnly, 0), "redirect input");
            Check(posix_spawn_file_actions_addopen(actions, 1, log, WriteOnlyCreateAppend, LogMode), "redirect output");
            Check(posix_spawn_file_actions_adddup2(actions, 1, 2), "redirect errors");
            _ = sigemptyset(signals);
            Check(posix_spawnattr_setsigmask(attributes, signals), "clear the signal mask");
            _ = sigfillset(signals);
            Check(posix_spawnattr_setsigdefault(attributes, signals), "reset signals");
            Check(posix_spawnattr_setflags(attributes, SetSession | SetSignalMask | SetSignalDefault), "ask for a session");
            using var arguments = new NativeStrings(command);
            using var environment = new NativeStrings(Environment());
            Check(posix_spawn(out var pid, command[0], actions, attributes, arguments.Pointer, environment.Pointer), "start " + command[0]);
            return ProcFs.Find(pid)?.Identity ?? throw new LabException($"{command[0]} ended as it started: see {log}");
        }
        finally
        {
            _ = posix_spawnattr_destroy(attributes);
            _ = posix_spawn_file_actions_destroy(actions);
        }
    }

    /// <summary>A node is a machine of its own: of the user's shell it inherits only where programs are found.</summary>
    private static List<string> Environment() =>
        ["PATH=" + (System.Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), "LANG=C.UTF-8", "HOME=/root"];

    private static void Check(int error, string what)
    {
        if (error != 0)
        {
            throw new LabException($"cannot {what}: {Marshal.GetPInvokeErrorMessage(error)}");
        }
    }

    /// <summary>A null-terminated array of C strings.</summary>
    private sealed class NativeStrings : IDisposable
    {
        private readonly List<nint> _strings;

        public NativeStrings(IReadOnlyList<string> values)
        {
            _strings = [.. values.Select(Marshal.StringToCoTaskMemUTF8)];
            Pointer = (nint*)NativeMemory.AllocZeroed((nuint)values.Count + 1, (nuint)sizeof(nint));
            for (var i = 0; i < _strings.Count; i++)
            {
                Pointer[i] = _strings[i];
            }
        }

        public nint* Pointer { get; }

        public void Dispose()
        {
            _strings.ForEach(Marshal.FreeCoTaskMem);
            NativeMemory.Free(Pointer);
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unshare(int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int sethostname(string name, nuint length);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn(out int pid, string path, byte* actions, byte* attributes, nint* arguments, nint* environment);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn_file_actions_addopen(byte* actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_adddup2(byte* actions, int descriptor, int copy);

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
}
