namespace Swarm.Engine.Shim;

/// <summary>
/// `swarm shim`: the parent of one container (or of one `docker exec`), small and alone, so that containers, their logs and their exit codes
/// outlive the daemon. The daemon starts it in a session of its own with a control socket as descriptor 0.
/// </summary>
public static class ShimProgram
{
    private const int Hangup = 1, Interrupt = 2, BrokenPipe = 13;

    /// <returns>0: the container ran to its end; 1: it never started.</returns>
    public static int Run(string[] args)
    {
        try
        {
            var options = ShimOptions.Parse(args);
            Linux.ChildProcess.Ignore(Hangup);
            Linux.ChildProcess.Ignore(Interrupt);
            Linux.ChildProcess.Ignore(BrokenPipe);
            Linux.ChildProcess.BecomeSubreaper();
            if (options.RuntimeCopy is { } copy)
            {
                Linux.FileDescriptors.SetCloseOnExec(copy);
            }

            Linux.FileDescriptors.ChangeDirectory(options.Bundle);
            using var loop = new ShimLoop(options, TimeProvider.System);
            return loop.Run();
        }
        catch (Exception e) when (e is IOException or ArgumentException or FormatException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
    }
}
