using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Api.Images;
using Swarm.Engine;
using Swarm.Engine.Build;
using Swarm.Engine.Images;

namespace Swarm.Api.Build;

/// <summary>/build: the classic builder.</summary>
public static class BuildEndpoints
{
    private static readonly ApiVersion FirstWithAux = new(1, 30);

    /// <param name="use">Who keeps images, and with them the cache, from being pruned: the containers.</param>
    public static void Map(IEndpointRouteBuilder routes, ImageBuilder builder, ImageStore images, IImageUse use, TimeProvider time)
    {
        routes.MapPost("/build", context => BuildAsync(context, builder));
        routes.MapPost("/build/prune", context => PruneAsync(context, images, use, time));
    }

    private static async Task BuildAsync(HttpContext context, ImageBuilder builder)
    {
        var options = BuildQuery.Read(context);
        var quiet = context.QueryBool("q");
        var aux = context.ApiVersion().CompareTo(FirstWithAux) >= 0;

        // A refusal before the first step is an HTTP status; after it, a line of the stream. What a quiet build hid is shown if it fails.
        JsonLines? lines = null;
        var hidden = new BuildTail();
        context.Features.GetRequiredFeature<IHttpBodyControlFeature>().AllowSynchronousIO = true;
        try
        {
            var id = await builder.BuildAsync(options, context.Request.Body, EmitAsync, context.RequestAborted);
            if (quiet)
            {
                await WriteAsync(new ProgressLine { Stream = id + "\n" });
            }
        }
        catch (BuildFailedException e)
        {
            await ShowHiddenAsync();
            await WriteAsync(ProgressLine.Failure(e.Message, e.Code));
        }
        catch (Exception e) when (e is EngineException or IOException && (lines is not null || hidden.Any) && !context.RequestAborted.IsCancellationRequested)
        {
            await ShowHiddenAsync();
            await WriteAsync(ProgressLine.Failure(e.Message));
        }

        async ValueTask EmitAsync(BuildLine line)
        {
            var progress = line switch
            {
                { Pull: { } step } => ProgressLine.Of(step),
                { ImageId: { } image } => aux ? new ProgressLine { Aux = new ProgressAux { Id = image } } : null,
                _ => new ProgressLine { Stream = line.Text },
            };
            if (progress is null)
            {
                return;
            }

            if (quiet)
            {
                hidden.Add(progress);
            }
            else
            {
                await WriteAsync(progress);
            }
        }

        async Task ShowHiddenAsync()
        {
            foreach (var line in hidden.Take())
            {
                await WriteAsync(line);
            }
        }

        async Task WriteAsync(ProgressLine line)
        {
            lines ??= await JsonLines.StartAsync(context);
            await lines.WriteAsync(line, ImageWireJson.Default.ProgressLine);
        }
    }

    /// <summary>The cache is the nameless images of earlier builds.</summary>
    private static Task PruneAsync(HttpContext context, ImageStore images, IImageUse use, TimeProvider time)
    {
        var filters = Filters.Read(context, "until", "unused-for", "id", "parent", "type", "description", "inuse", "shared", "private");
        var until = filters["until"].Concat(filters["unused-for"]).Select(text => TimeFilter.Parse(text, time.GetUtcNow())).ToList();
        var ids = filters["id"];
        var (deleted, bytes) = images.Prune(
            all: false,
            image => image.Parent.Length > 0 && until.TrueForAll(time => image.Created < time) && (ids.Count == 0 || ids.Any(id => image.Id.Contains(id, StringComparison.Ordinal))),
            use);
        var gone = deleted.Select(deletion => deletion.Deleted).OfType<string>().ToList();
        return context.WriteJsonAsync(new BuildPruneAnswer(gone.Count == 0 ? null : gone, bytes), BuildJson.Default.BuildPruneAnswer);
    }
}
