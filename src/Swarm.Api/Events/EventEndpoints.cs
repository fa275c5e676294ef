using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Containers;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Events;

namespace Swarm.Api.Events;

/// <summary>GET /events: those that are kept since a time, then as they happen.</summary>
public static class EventEndpoints
{
    private static readonly string[] Objects = ["container", "image", "volume", "network", "daemon", "plugin", "service", "node", "secret", "config"];

    public static void Map(IEndpointRouteBuilder routes, EventBus events, TimeProvider time) =>
        routes.MapGet("/events", context => StreamAsync(context, events, time));

    private static async Task StreamAsync(HttpContext context, EventBus events, TimeProvider time)
    {
        var filters = Filters.Read(context, ["type", "event", "label", "scope", "action", .. Objects]);
        var since = ContainerStreamEndpoints.Timestamp(context, "since");
        var until = ContainerStreamEndpoints.Timestamp(context, "until");
        using var subscription = events.Subscribe();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        using var timer = until is null ? null : time.CreateTimer(static s => ((CancellationTokenSource)s!).Cancel(), end, Positive(until.Value - time.GetUtcNow()), Timeout.InfiniteTimeSpan);
        var lines = await JsonLines.StartAsync(context).ConfigureAwait(false);
        foreach (var past in subscription.Recent.Where(e => since is not null && At(e) >= since && (until is null || At(e) <= until) && Matches(filters, e)))
        {
            await lines.WriteAsync(past, EngineJson.Default.EngineEvent).ConfigureAwait(false);
        }

        try
        {
            await foreach (var live in subscription.Live.ReadAllAsync(end.Token).ConfigureAwait(false))
            {
                if (Matches(filters, live))
                {
                    await lines.WriteAsync(live, EngineJson.Default.EngineEvent).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            // `until` has come.
        }
    }

    private static bool Matches(Filters filters, EngineEvent message) =>
        filters.Exact("type", message.Type)
        && (!filters.Has("event") || filters["event"].Any(e => message.Action == e || message.Action.StartsWith(e + ":", StringComparison.Ordinal)))
        && filters.Exact("action", message.Action)
        && filters.Exact("scope", message.Scope)
        && filters.Labels("label", message.Actor.Attributes)
        && Objects.Where(filters.Has).All(o => message.Type == o ? filters[o].Any(v => IsActor(v, message))
            : message.Type == "container" && o == "image" && filters[o].Contains(message.From ?? ""));

    private static bool IsActor(string wanted, EngineEvent message) =>
        message.Actor.ID == wanted || (message.Type == "container" && message.Actor.ID.StartsWith(wanted, StringComparison.Ordinal))
        || message.Actor.Attributes.GetValueOrDefault("name") == wanted;

    private static DateTimeOffset At(EngineEvent message) => DateTimeOffset.UnixEpoch.AddTicks(message.TimeNano / TimeSpan.NanosecondsPerTick);

    private static TimeSpan Positive(TimeSpan span) => span < TimeSpan.Zero ? TimeSpan.Zero : span;
}
