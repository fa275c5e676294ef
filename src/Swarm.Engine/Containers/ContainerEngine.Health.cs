using Swarm.Engine.Exec;
using Swarm.Engine.Health;

namespace Swarm.Engine.Containers;

public sealed partial class ContainerEngine
{
    /// <summary>Bytes of a probe's output that are kept.</summary>
    private const int MaximumProbeOutput = 4096;

    /// <summary>Begins to check the health of a container that was just started or found running. From within its mailbox, or before anyone has it.</summary>
    private void BeginHealthChecks(Container container, bool afresh)
    {
        EndHealthChecks(container);
        if (HealthPlan.Of(container.Record.Config) is not { } plan)
        {
            container.Health = null;
            return;
        }

        if (afresh || container.Health is null)
        {
            container.Health = new HealthState();
        }

        var cancel = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
        container.HealthChecks = cancel;
        _ = CheckHealthAsync(container, plan, container.State.StartedAt ?? _time.GetUtcNow(), cancel);
    }

    /// <summary>The container ends or is paused; as with Docker, one that nobody checks any more is not called healthy.</summary>
    private static void EndHealthChecks(Container container)
    {
        container.HealthChecks?.Cancel();
        container.HealthChecks = null;
        if (container.Health is { } health)
        {
            container.Health = health with { Status = HealthState.Unhealthy };
        }
    }

    private async Task CheckHealthAsync(Container container, HealthPlan plan, DateTimeOffset started, CancellationTokenSource cancel)
    {
        using (cancel)
        {
            try
            {
                while (true)
                {
                    await Task.Delay(plan.Next(_time.GetUtcNow() - started, container.Health?.Status ?? ""), _time, cancel.Token).ConfigureAwait(false);
                    var probe = await ProbeAsync(container, plan, cancel.Token).ConfigureAwait(false);
                    await container.Mailbox.RunAsync(() =>
                    {
                        if (container.HealthChecks == cancel && container.Health is { } before)
                        {
                            container.Health = before.After(probe, plan.Retries, forgiving: probe.Start - started < plan.StartPeriod);
                            if (container.Health.Status != before.Status)
                            {
                                Publish(container, "health_status: " + container.Health.Status);
                                if (container.Health.Status == HealthState.Unhealthy)
                                {
                                    container.SickSource.TrySetResult();
                                }
                                else if (container.Health.Status == HealthState.Healthy)
                                {
                                    container.WellSource.TrySetResult();
                                }
                            }
                        }

                        return Task.CompletedTask;
                    }).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or EngineException { Status: NotFound })
            {
                // The run is over, the container is gone, or the daemon ends.
            }
        }
    }

    private async Task<HealthProbe> ProbeAsync(Container container, HealthPlan plan, CancellationToken cancellation)
    {
        var start = _time.GetUtcNow();
        var request = new ExecCreateRequest { Cmd = plan.Command, AttachStdout = true, AttachStderr = true };
        try
        {
            var (code, output) = await Execs.RunAsync(container, request, plan.Timeout, MaximumProbeOutput, _time, cancellation).ConfigureAwait(false);
            var text = code is null
                ? $"Health check exceeded timeout ({Duration(plan.Timeout)})" + (output.Length > 0 ? ": " + output : "")
                : output;
            return new HealthProbe(start, _time.GetUtcNow(), code ?? -1, text);
        }
        catch (Exception e) when (e is EngineException or IOException)
        {
            return new HealthProbe(start, _time.GetUtcNow(), -1, e.Message);
        }
    }

    /// <summary>As Go prints it, for the common cases: 30s, 1m30s, 500ms.</summary>
    private static string Duration(TimeSpan span) =>
        span < TimeSpan.FromSeconds(1) ? $"{span.TotalMilliseconds:0.###}ms"
        : (span >= TimeSpan.FromHours(1) ? $"{(long)span.TotalHours}h" : "") + (span >= TimeSpan.FromMinutes(1) ? $"{span.Minutes}m" : "")
            + $"{span.Seconds + (span.Milliseconds / 1000.0):0.###}s";
}
