using Microsoft.Extensions.Logging;
using Swarm.Manager.Allocation;
using Swarm.Manager.Dispatch;
using Swarm.Manager.Loops;
using Swarm.Manager.Networks;
using Swarm.Manager.Orchestration;
using Swarm.Manager.Reaping;
using Swarm.Manager.Rebalancing;
using Swarm.Manager.Scheduling;
using Swarm.Store;

namespace Swarm.Manager;

/// <summary>Runs the control loops and the dispatcher on a manager, while it leads and only then. The loops meet nowhere but in the store.</summary>
public sealed partial class ManagerLoops(IObjectStore store, Dispatcher dispatcher, TimeProvider time, Random random, ILoggerFactory loggers)
{
    private readonly ILogger<ManagerLoops> _logger = loggers.CreateLogger<ManagerLoops>();

    /// <summary>Follows the leadership until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        CancellationTokenSource? leading = null;
        var loops = Task.CompletedTask;
        long term = 0;
        try
        {
            await foreach (var leadership in store.WatchLeadershipAsync(cancellation))
            {
                if (leadership.IsLeader && leading is not null && term == leadership.Term)
                {
                    continue;
                }

                if (leading is not null)
                {
                    LogStopping(term);
                    await StopAsync(leading, loops);
                    leading = null;
                }

                if (leadership.IsLeader)
                {
                    term = leadership.Term;
                    LogStarting(term);
                    leading = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                    loops = LeadAsync(leading.Token);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
        finally
        {
            if (leading is not null)
            {
                await StopAsync(leading, loops);
            }
        }
    }

    private Task LeadAsync(CancellationToken leading)
    {
        var runner = new ControlLoopRunner(store, time, loggers.CreateLogger<ControlLoopRunner>());
        return Task.WhenAll(
            runner.RunAsync(new OrchestrationLoop(random), leading),
            runner.RunAsync(new AllocationLoop(random), leading),
            runner.RunAsync(new SchedulingLoop(), leading),
            runner.RunAsync(new ReapingLoop(), leading),
            runner.RunAsync(new RebalancingLoop(), leading),
            runner.RunAsync(new KeyRotationLoop(), leading),
            dispatcher.LeadAsync(leading));
    }

    private static async Task StopAsync(CancellationTokenSource leading, Task loops)
    {
        leading.Cancel();
        try
        {
            await loops;
        }
        catch (OperationCanceledException)
        {
        }

        leading.Dispose();
    }
}
