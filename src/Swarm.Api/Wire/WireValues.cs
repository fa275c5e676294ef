using System.Collections.Immutable;
using Swarm.Engine;

namespace Swarm.Api.Wire;

/// <summary>Values between Docker's JSON and the model: nanoseconds, absent lists, dates.</summary>
internal static class WireValues
{
    private const long NanosecondsPerTick = TimeSpan.NanosecondsPerTick;

    /// <summary>The model counts in 100 ns; less than that is never rounded to nothing, which would mean another thing.</summary>
    internal static TimeSpan Duration(long nanoseconds) =>
        TimeSpan.FromTicks(nanoseconds != 0 && nanoseconds / NanosecondsPerTick == 0 ? Math.Sign(nanoseconds) : nanoseconds / NanosecondsPerTick);

    internal static TimeSpan? Duration(long? nanoseconds) => nanoseconds is { } value ? Duration(value) : null;

    internal static long Nanoseconds(TimeSpan duration) => duration.Ticks * NanosecondsPerTick;

    internal static ImmutableArray<string> List(IReadOnlyList<string>? values) => values is null ? [] : [.. values.Select(value => value ?? "")];

    internal static ImmutableSortedDictionary<string, string> Map(IReadOnlyDictionary<string, string?>? values)
    {
        var empty = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
        return values is null ? empty : empty.AddRange(values.Select(pair => KeyValuePair.Create(pair.Key, pair.Value ?? "")));
    }

    /// <exception cref="EngineException">400: a null among them.</exception>
    internal static ImmutableArray<TTo> List<TFrom, TTo>(IReadOnlyList<TFrom>? values, Func<TFrom, TTo> map) =>
        values is null ? [] : [.. values.Select(value => value is null ? throw EngineException.BadRequest($"invalid JSON: null in a list of {typeof(TFrom).Name}") : map(value))];

    /// <summary>Absent rather than empty.</summary>
    internal static IReadOnlyList<T>? NullIfEmpty<T>(ImmutableArray<T> values) => values.IsDefaultOrEmpty ? null : values;

    internal static IReadOnlyList<TTo>? NullIfEmpty<TFrom, TTo>(ImmutableArray<TFrom> values, Func<TFrom, TTo> map) =>
        values.IsDefaultOrEmpty ? null : [.. values.Select(map)];

    internal static IReadOnlyDictionary<string, string?>? NullIfEmpty(ImmutableSortedDictionary<string, string> values) => values.IsEmpty ? null : Nullable(values);

    internal static IReadOnlyDictionary<string, string?> Nullable(ImmutableSortedDictionary<string, string> values) =>
        values.ToDictionary(pair => pair.Key, string? (pair) => pair.Value);

    internal static string? NullIfEmpty(string value) => value.Length == 0 ? null : value;

    internal static T? NullIfDefault<T>(T value) where T : struct => EqualityComparer<T>.Default.Equals(value, default) ? null : value;

    internal static Version Version(long version) => new() { Index = (ulong)version };
}
