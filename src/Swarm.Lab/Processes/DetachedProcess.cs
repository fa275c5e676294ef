using System.Runtime.InteropServices;
using Swarm.Linux;

namespace Swarm.Lab.Processes;

/// <summary>
/// Starts a node's daemon so that it outlives the command that started it: a session of its own, no terminal, output to a file, inside the node's
/// network namespace, and with the node's name as its host name (a UTS namespace of its own).
/// </summary>
internal static partial class DetachedProcess
{
    private const int CloneNewUts = 0x04000000; // sched.h
    private const int LogMode = 0x1a0; // 0640

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
        var input = FileDescriptors.Open("/dev/null", FileDescriptors.ReadOnly);
        var output = FileDescriptors.Open(log, FileDescriptors.WriteOnly | FileDescriptors.Create | FileDescriptors.Append, LogMode);
        try
        {
            ChildDescriptor[] descriptors = [new(input, 0), new(output, 1), new(output, 2)];
            var pid = ChildProcess.Start(command[0], command, Environment(), descriptors, newSession: true);
            return ProcFs.Find(pid)?.Identity ?? throw new LabException($"{command[0]} ended as it started: see {log}");
        }
        catch (IOException refused)
        {
            throw new LabException(refused.Message);
        }
        finally
        {
            FileDescriptors.Close(input);
            FileDescriptors.Close(output);
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

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unshare(int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int sethostname(string name, nuint length);
}
