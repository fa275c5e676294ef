using System.Globalization;

namespace Swarm.Commands.Text;

/// <summary>Durations as docker reads and prints them.</summary>
public static class HumanDuration
{
    /// <summary>As in "3 minutes": one unit, rounded down, as in docker's CREATED columns.</summary>
    public static string Words(TimeSpan age) => age switch
    {
        { TotalSeconds: < 1 } => "Less than a second",
        { TotalSeconds: < 2 } => "1 second",
        { TotalSeconds: < 60 } => Whole(age.TotalSeconds, "seconds"),
        { TotalMinutes: < 2 } => "About a minute",
        { TotalMinutes: < 60 } => Whole(age.TotalMinutes, "minutes"),
        { TotalHours: < 1.5 } => "About an hour",
        { TotalHours: < 48 } => Whole(Math.Round(age.TotalHours), "hours"),
        { TotalDays: < 14 } => Whole(age.TotalDays, "days"),
        { TotalDays: < 60 } => Whole(age.TotalDays / 7, "weeks"),
        { TotalDays: < 730 } => Whole(age.TotalDays / 30, "months"),
        _ => Whole(age.TotalDays / 365, "years"),
    };

    /// <summary>Reads Go's form: a sum such as 1h30m, 1.5s, 200ms, 10us. A bare 0 is zero.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text == "0")
        {
            return true;
        }

        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            rest = rest[digits..];
            var length = rest.IndexOfAny("0123456789.");
            var unit = length < 0 ? rest : rest[..length];
            rest = rest[unit.Length..];
            decimal? ticks = unit switch
            {
                "ns" => 0.01m,
                "us" or "µs" => TimeSpan.TicksPerMicrosecond,
                "ms" => TimeSpan.TicksPerMillisecond,
                "s" => TimeSpan.TicksPerSecond,
                "m" => TimeSpan.TicksPerMinute,
                "h" => TimeSpan.TicksPerHour,
                _ => null,
            };
            if (ticks is null || number * ticks.Value + duration.Ticks > long.MaxValue)
            {
                return false;
            }

            duration += TimeSpan.FromTicks((long)(number * ticks.Value));
        }

        return text.Length > 0;
    }

    private static string Whole(double value, string unit) => ((long)value).ToString(CultureInfo.InvariantCulture) + " " + unit;
}
