using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Swarm.Api.Http;
using Swarm.Engine;

namespace Swarm.Api.Images;

/// <summary>Work that reports as it goes, as a stream of lines. A refusal before the first line is an HTTP status; after it, a line.</summary>
internal static class ProgressStream
{
    /// <summary>Progress lines that wait for a slow client; older ones are dropped first, but never those that must be heard.</summary>
    private const int MaxWaitingLines = 1024;

    /// <param name="work">Told whom to report to, from any thread.</param>
    public static async Task RunAsync(HttpContext context, Func<Action<ProgressLine>, CancellationToken, Task> work)
    {
        var steps = Channel.CreateBounded<ProgressLine>(
            new BoundedChannelOptions(MaxWaitingLines) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        var running = WorkAsync();
        JsonLines? lines = null;
        try
        {
            await foreach (var step in steps.Reader.ReadAllAsync(context.RequestAborted))
            {
                lines ??= await JsonLines.StartAsync(context);
                await lines.WriteAsync(step, ImageWireJson.Default.ProgressLine);
            }
        }
        finally
        {
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        try
        {
            await running;
        }
        catch (EngineException e) when (lines is not null)
        {
            await lines.WriteAsync(ProgressLine.Failure(e.Message), ImageWireJson.Default.ProgressLine);
        }

        async Task WorkAsync()
        {
            try
            {
                await work(step => steps.Writer.TryWrite(step), context.RequestAborted);
            }
            finally
            {
                steps.Writer.Complete();
            }
        }
    }
}
