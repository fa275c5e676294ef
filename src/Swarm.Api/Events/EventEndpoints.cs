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
    private static readonly string[] Objects = ["container", "image", "volume", "network", "daemon", "plugin", "service", "node", "secret", "config", "task"];

    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(49);

    public static void Map(IEndpointRouteBuilder routes, EventBus events, TimeProvider time) =>
        routes.MapGet("/events", context => StreamAsync(context, events, time));

    private static async Task StreamAsync(HttpContext context, EventBus events, TimeProvider time)
    {
        var filters = Filters.Read(context, ["type", "event", "label", "scope", "action", .. Objects]);
        var since = Moment(context, "since", time);
        var until = Moment(context, "until", time);
        if (since > until)
        {
            throw EngineException.BadRequest($"`since` time ({context.QueryString("since")}) cannot be after `until` time ({context.QueryString("until")})");
        }

        using var subscription = events.Subscribe();
        using var over = new CancellationTokenSource(Until(until, time), time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, over.Token);
        var lines = await JsonLines.StartAsync(context).ConfigureAwait(false);
        foreach (var past in subscription.Recent.Where(e => (since is not null || until is not null) && (since is null || At(e) >= since) && (until is null || At(e) <= until) && Matches(filters, e)))
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

    /// <exception cref="EngineException">400.</exception>
    private static DateTimeOffset? Moment(HttpContext context, string name, TimeProvider time)
    {
        var text = context.QueryString(name);
        return text is "" or "0" ? null
            : PruneUntil.Moment(text, time.GetUtcNow()) ?? throw EngineException.BadRequest($"invalid value for \"{name}\": failed to parse value as time or duration: \"{text}\"");
    }

    private static bool Matches(Filters filters, EngineEvent message) =>
        filters.Exact("type", message.Type)
        && (!filters.Has("event") || filters["event"].Any(e => message.Action == e || message.Action.StartsWith(e + ":", StringComparison.Ordinal)))
        && filters.Exact("action", message.Action)
        && filters.Exact("scope", message.Scope)
        && filters.Labels("label", message.Actor.Attributes)
        && Objects.Where(filters.Has).All(o => message.Type == o ? filters[o].Any(v => IsActor(v, message))
            : message.Type == "container" && o == "image" && filters[o].Any(i => message.From == i || message.From == i + ":latest" || message.From + ":latest" == i));

    private static bool IsActor(string wanted, EngineEvent message) =>
        (wanted.Length > 0 && message.Actor.ID.StartsWith(wanted, StringComparison.Ordinal))
        || message.Actor.Attributes.GetValueOrDefault("name") == wanted
        || (message.Type == "image" && message.Actor.Attributes.GetValueOrDefault("name") == wanted + ":latest");

    private static DateTimeOffset At(EngineEvent message) => DateTimeOffset.UnixEpoch.AddTicks(message.TimeNano / TimeSpan.NanosecondsPerTick);

    /// <summary>A moment that is further away than a timer reaches never comes.</summary>
    private static TimeSpan Until(DateTimeOffset? moment, TimeProvider time) => moment is not { } end || end - time.GetUtcNow() > LongestTimer ? Timeout.InfiniteTimeSpan
        : end > time.GetUtcNow() ? end - time.GetUtcNow()
        : TimeSpan.Zero;
}
