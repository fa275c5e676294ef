using Swarm.Linux;

namespace Swarm.Engine.Shim;

/// <summary>
/// `swarm shim`: the parent of one container (or of one `docker exec`), small and alone, so that containers, their logs and their exit codes
/// outlive the daemon. The daemon starts it in a session of its own with a control socket as descriptor 0, and says there what it is for.
/// </summary>
public static class ShimProgram
{
    private const int Hangup = 1, Interrupt = 2, BrokenPipe = 13, Control = 0, Output = 1, Error = 2;

    /// <returns>0: the container ran to its end, or the daemon ended before it had one for this shim; 1: it never started.</returns>
    public static int Run()
    {
        try
        {
            ChildProcess.Ignore(Hangup);
            ChildProcess.Ignore(Interrupt);
            ChildProcess.Ignore(BrokenPipe);
            ChildProcess.BecomeSubreaper();
            if (ReadOptions() is not { } options)
            {
                return 0;
            }

            Become(options);
            using var loop = new ShimLoop(options, TimeProvider.System);
            return loop.Run();
        }
        catch (Exception e) when (e is IOException or ArgumentException or FormatException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
    }

    /// <summary>Null: the daemon has ended.</summary>
    private static ShimOptions? ReadOptions()
    {
        var header = new byte[ShimFrame.HeaderSize];
        if (!TryRead(header))
        {
            return null;
        }

        var (kind, length) = ShimFrame.ReadHeader(header);
        if (kind != ShimFrameKind.Options || length is < 0 or > ShimFrame.MaximumPayload)
        {
            throw new ArgumentException("the daemon starts shims, users do not");
        }

        var payload = new byte[length];
        return TryRead(payload) ? ShimOptions.Parse(payload) : null;
    }

    /// <exception cref="IOException">Descriptor 0 is not the daemon's socket.</exception>
    private static bool TryRead(Span<byte> whole)
    {
        while (whole.Length > 0)
        {
            var count = FileDescriptors.Read(Control, whole);
            if (count == 0)
            {
                return false;
            }

            if (count < 0 && count != -LinuxError.Interrupted)
            {
                throw LinuxError.Of("read", -count);
            }

            whole = whole[Math.Max(count, 0)..];
        }

        return true;
    }

    private static void Become(ShimOptions options)
    {
        if (options.RuntimeCopy is { } copy)
        {
            FileDescriptors.SetCloseOnExec(copy);
        }

        FileDescriptors.ChangeDirectory(options.Bundle);
        var errors = FileDescriptors.Open(ShimLauncher.ErrorsName, ShimLauncher.ErrorsFlags, ShimLauncher.ErrorsMode);
        FileDescriptors.Replace(Output, errors);
        FileDescriptors.Replace(Error, errors);
        FileDescriptors.Close(errors);
        ChildProcess.Name((options.IsExec ? "exec:" : "shim:") + options.Id); // its arguments say nothing
    }
}
