using System.Runtime.InteropServices;
using Swarm.Lab.Network;
using Swarm.Linux;

namespace Swarm.Lab.Nodes;

/// <summary>Turns this process into another program, in a node's network or not (execve(2)): nothing of ours stands between it and the terminal.</summary>
public static unsafe partial class NodeShell
{
    private const int CloneNewUts = 0x04000000;
    private const int SigPipe = 13;

    /// <summary>Returns only by an exception.</summary>
    /// <exception cref="LabException">The node is off, or there is no such program.</exception>
    public static void Enter(LabPaths paths, string node, IReadOnlyList<string> command)
    {
        var file = Fabric.NamespaceFile(paths.Namespace);
        if (!NetworkNamespace.IsNamespace(file))
        {
            throw new LabException($"node {node} is off: switch it on with 'swarm lab restart {node}'");
        }

        Environment.SetEnvironmentVariable("DOCKER_HOST", paths.DockerHost);
        using var space = NetworkNamespace.Open(file);
        space.Run(() =>
        {
            // execve makes the calling thread the process, with that thread's namespaces.
            if (unshare(CloneNewUts) != 0 || sethostname(node, (nuint)node.Length) != 0)
            {
                throw new LabException($"cannot set the host name: {Marshal.GetLastPInvokeErrorMessage()}");
            }

            Replace(command.Count > 0 ? ["/usr/bin/env", "--", .. command] : ["/bin/bash", "-i"]);
        });
    }

    /// <summary>Returns only by an exception.</summary>
    public static void Replace(IReadOnlyList<string> command)
    {
        // .NET ignores SIGPIPE, and what is ignored stays so across execve.
        _ = signal(SigPipe, 0);
        var arguments = (nint*)NativeMemory.AllocZeroed((nuint)command.Count + 1, (nuint)sizeof(nint));
        for (var i = 0; i < command.Count; i++)
        {
            arguments[i] = Marshal.StringToCoTaskMemUTF8(command[i]);
        }

        var variables = Environment.GetEnvironmentVariables();
        var environment = (nint*)NativeMemory.AllocZeroed((nuint)variables.Count + 1, (nuint)sizeof(nint));
        var next = 0;
        foreach (System.Collections.DictionaryEntry variable in variables)
        {
            environment[next++] = Marshal.StringToCoTaskMemUTF8($"{variable.Key}={variable.Value}");
        }

        _ = execve(command[0], arguments, environment);
        throw new LabException($"cannot run {command[0]}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int execve(string path, nint* arguments, nint* environment);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unshare(int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int sethostname(string name, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint signal(int number, nint handler);
}
