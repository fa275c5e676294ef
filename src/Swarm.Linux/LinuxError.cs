using System.Runtime.InteropServices;

namespace Swarm.Linux;

/// <summary>errno(3) as an exception, and the few numbers that callers tell apart.</summary>
public static class LinuxError
{
    public const int NoEntry = 2, NoProcess = 3, Interrupted = 4, InputOutput = 5, Again = 11, Invalid = 22, NoSpace = 28, QuotaExceeded = 122, BrokenPipe = 32, NoChild = 10, ConnectionReset = 104;

    /// <summary>The failure of the last call through P/Invoke on this thread; its HResult is the errno.</summary>
    public static IOException Last(string what) => Of(what, Marshal.GetLastPInvokeError());

    /// <summary>Whether a write was refused for want of room: ENOSPC, EDQUOT. .NET keeps the errno as the HResult, too.</summary>
    public static bool IsNoSpace(Exception failure) => failure is IOException { HResult: NoSpace or QuotaExceeded };

    public static IOException Of(string what, int errno) => new($"{what}: {Marshal.GetPInvokeErrorMessage(errno)}", errno);
}
