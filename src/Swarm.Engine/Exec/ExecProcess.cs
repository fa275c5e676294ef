using Swarm.Engine.Shim;

namespace Swarm.Engine.Exec;

/// <summary>One `docker exec`. Written by the task that starts it and its monitor, one after the other; read by anyone.</summary>
public sealed class ExecProcess(string id, string containerId, ExecCreateRequest request)
{
    private int _claimed;
    private volatile ShimConnection? _control;
    private volatile int _pid;
    private volatile int _exitCode = -1;
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Id => id;
    public string ContainerId => containerId;
    public ExecCreateRequest Request => request;

    /// <summary>On the host; 0 before the start.</summary>
    public int Pid => _pid;
    public int? ExitCode => _exitCode < 0 ? null : _exitCode;
    internal ShimConnection? Control => _control;

    /// <summary>Someone started it.</summary>
    internal bool IsClaimed => Volatile.Read(ref _claimed) != 0;

    /// <summary>False if someone started it before.</summary>
    internal bool TryClaim() => Interlocked.Exchange(ref _claimed, 1) == 0;

    /// <summary>It was started, or cannot be.</summary>
    internal Task Settled => _settled.Task;

    internal void Started(int pid, ShimConnection control)
    {
        (_control, _pid) = (control, pid);
        _settled.TrySetResult();
    }

    /// <summary>Its shim has ended, after the process and all its output.</summary>
    public Task Gone => _gone.Task;

    internal void CompleteGone() => _gone.TrySetResult();

    internal void Ended(int exitCode)
    {
        _exitCode = exitCode;
        _settled.TrySetResult();
    }
}
