using Microsoft.AspNetCore.Http;
using Swarm.Api.Http;
using Swarm.Engine.Containers;
using Swarm.Engine.Stats;

namespace Swarm.Api.Containers;

/// <summary>GET /containers/{id}/stats: for ever, once after two samples, or at once (`one-shot`).</summary>
internal static class StatsEndpoint
{
    public static async Task AnswerAsync(HttpContext context, ContainerEngine engine)
    {
        var container = ContainerEndpoints.Named(context, engine);
        var stream = context.QueryBool("stream", fallback: true);
        if (!stream && (context.QueryBool("one-shot") || !container.State.IsRunning))
        {
            await context.WriteJsonAsync(engine.Sample(container), StatsJson.Default.ContainerStats).ConfigureAwait(false);
            return;
        }

        if (!stream)
        {
            await foreach (var sample in engine.SamplesAsync(container, context.RequestAborted).ConfigureAwait(false))
            {
                await context.WriteJsonAsync(sample, StatsJson.Default.ContainerStats).ConfigureAwait(false);
                return;
            }

            await context.WriteJsonAsync(engine.Sample(container), StatsJson.Default.ContainerStats).ConfigureAwait(false);
            return;
        }

        var lines = await JsonLines.StartAsync(context).ConfigureAwait(false);
        await lines.WriteAsync(engine.Sample(container), StatsJson.Default.ContainerStats).ConfigureAwait(false);
        await foreach (var sample in engine.SamplesAsync(container, context.RequestAborted).ConfigureAwait(false))
        {
            await lines.WriteAsync(sample, StatsJson.Default.ContainerStats).ConfigureAwait(false);
        }
    }
}
