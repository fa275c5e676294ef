using System.Text.Json.Serialization;

namespace Swarm.Chaos.Checkers;

[JsonConverter(typeof(JsonStringEnumConverter<Verdict>))]
public enum Verdict
{
    Held,

    /// <summary>It could not be decided: too little was seen, or the search ended at its bound. Never taken for <see cref="Held"/>.</summary>
    Unknown,
    Violated,
}

/// <summary>What one checker says.</summary>
/// <param name="Property">What was to hold, as in "nothing acknowledged is lost".</param>
/// <param name="Summary">One line: what was judged, or what is wrong.</param>
/// <param name="Details">The evidence, most telling first; at most <see cref="MaxDetails"/>.</param>
public sealed record Finding(string Property, Verdict Verdict, string Summary, IReadOnlyList<string> Details)
{
    /// <summary>A thousand lost names say no more than the first twenty.</summary>
    public const int MaxDetails = 20;

    public static Finding Held(string property, string summary) => new(property, Verdict.Held, summary, []);

    public static Finding Unknown(string property, string summary, params IEnumerable<string> details) =>
        new(property, Verdict.Unknown, summary, [.. details.Take(MaxDetails)]);

    public static Finding Violated(string property, string summary, params IEnumerable<string> details) =>
        new(property, Verdict.Violated, summary, [.. details.Take(MaxDetails)]);
}
