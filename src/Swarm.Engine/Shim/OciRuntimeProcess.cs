using System.Globalization;
using System.Text;
using Swarm.Engine.Runtime;
using Swarm.Linux;

namespace Swarm.Engine.Shim;

/// <summary>The OCI runtime's command line, as the shim calls it. Its working directory is the bundle.</summary>
internal sealed class OciRuntimeProcess(ShimOptions options)
{
    public const string LogName = "runtime.log", PidFileName = "pid";
    private const int MaximumMessage = 4096;
    private static readonly string[] Environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];
    private readonly string _program = options.RuntimeCopy is { } copy ? SealedRuntimes.PathOf(copy) : options.Runtime;

    /// <summary>Creates and starts the container (or one more process in it) in one call; it ends as soon as the process runs.</summary>
    public int StartRun(ContainerStdio stdio)
    {
        List<string> arguments = [options.Runtime, .. options.RuntimeArguments, "--root", options.RuntimeRoot, "--log", LogName, "--log-format", "json"];
        arguments.AddRange(options.IsExec ? ["exec", "--process", options.ExecProcess, "--detach"] : ["run", "--detach", "--bundle", "."]);
        arguments.AddRange(["--pid-file", PidFileName]);
        if (options.Tty)
        {
            arguments.AddRange(["--console-socket", ContainerStdio.ConsoleSocketPath(options.Bundle)]);
        }

        arguments.Add(options.Id);
        FileDescriptors.Unlink(LogName);
        FileDescriptors.Unlink(PidFileName);
        return ChildProcess.Start(_program, arguments, Environment, stdio.ForRuntime, newSession: false);
    }

    /// <summary>
    /// Removes what the runtime keeps of the container, its control groups and its state folder, if that is all that is left of it: no process is, and
    /// nothing else is to be done. A start of the runtime costs more than the rest of an exit.
    /// </summary>
    /// <returns>False: it is the runtime's to do.</returns>
    public bool TryDelete()
    {
        if (options.Cgroup.Length == 0)
        {
            return false;
        }

        foreach (var folder in CgroupLayout.FoldersOf(options.Cgroup, File.ReadLines("/proc/self/cgroup")))
        {
            if (FileDescriptors.RemoveFolder(folder) is not (0 or -LinuxError.NoEntry))
            {
                return false;
            }
        }

        var state = Path.Combine(options.RuntimeRoot, options.Id);
        try
        {
            Directory.Delete(state, recursive: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return !Directory.Exists(state);
        }
    }

    /// <summary>Ends what is left of the container and removes what the runtime keeps of it.</summary>
    public int StartDelete() => ChildProcess.StartSilently(
        _program, [options.Runtime, .. options.RuntimeArguments, "--root", options.RuntimeRoot, "delete", "--force", options.Id], Environment, newSession: false);

    /// <summary>The process id that the runtime wrote; 0 if it wrote none.</summary>
    public static int ReadPid() =>
        File.Exists(PidFileName) && int.TryParse(File.ReadAllText(PidFileName).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0;

    /// <summary>What the runtime logged, for the daemon to make sense of.</summary>
    public static byte[] ReadFailure(WaitStatus status)
    {
        var text = File.Exists(LogName) ? File.ReadAllText(LogName).Trim() : "";
        text = text.Length == 0 ? $"the OCI runtime ended with {status.ExitCode} and no message" : text;
        return Encoding.UTF8.GetBytes(text.Length > MaximumMessage ? text[^MaximumMessage..] : text);
    }
}
