namespace Swarm.Linux;

/// <summary>
/// A small program that waits in namespaces of its own until it is disposed of. A process of several threads, as this one is, can neither make nor enter
/// a user namespace (unshare(2), setns(2)); unshare(1) and nsenter(1) of util-linux can, and cat(1) tells that they have.
/// </summary>
internal sealed class NamespaceHolder : IDisposable
{
    private static readonly string[] Folders = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];
    private readonly int _input;

    private NamespaceHolder(int pid, int input) => (Pid, _input) = (pid, input);

    public int Pid { get; }

    /// <param name="command">unshare or nsenter with its options, without the program that it is to start.</param>
    /// <exception cref="IOException">It could not be started, or did not get so far.</exception>
    public static NamespaceHolder Start(params string[] command)
    {
        var (childInput, input) = FileDescriptors.Pipe();
        var (output, childOutput) = FileDescriptors.Pipe();
        int pid;
        try
        {
            pid = ChildProcess.Start(Find(command[0]), [.. command, "--", "cat"], ["PATH=" + string.Join(':', Folders)], [new(childInput, 0), new(childOutput, 1)], newSession: true);
        }
        catch
        {
            FileDescriptors.Close(input);
            FileDescriptors.Close(output);
            throw;
        }
        finally
        {
            FileDescriptors.Close(childInput);
            FileDescriptors.Close(childOutput);
        }

        var holder = new NamespaceHolder(pid, input);
        try
        {
            // What comes back comes from cat, which is there once the namespace is.
            Span<byte> echo = [(byte)'\n'];
            if (FileDescriptors.Write(input, echo) != 1 || FileDescriptors.Read(output, echo) != 1)
            {
                throw new IOException($"{string.Join(' ', command)}: the kernel refused, or this machine has no room for another namespace (/proc/sys/user)");
            }

            return holder;
        }
        catch
        {
            holder.Dispose();
            throw;
        }
        finally
        {
            FileDescriptors.Close(output);
        }
    }

    public string PathOf(string kind) => $"/proc/{Pid}/ns/{kind}";

    public void Dispose()
    {
        FileDescriptors.Close(_input);
        ChildProcess.Wait(Pid);
    }

    private static string Find(string program) =>
        Folders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists) ?? throw new IOException($"{program} is not installed: user namespaces need util-linux");
}
