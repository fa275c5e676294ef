using Microsoft.Extensions.Logging;

namespace Swarm.Daemon;

/// <summary>What is logged, which a reload changes.</summary>
internal sealed class LogSwitch(bool debug, LogLevel level)
{
    private volatile Level _level = new(debug, level);

    internal void Set(bool debug, LogLevel level) => _level = new Level(debug, level);

    /// <summary>Other people's rooms say less than ours.</summary>
    internal bool Allows(string? category, LogLevel at)
    {
        var now = _level;
        var least = now.Debug && now.Least > LogLevel.Debug ? LogLevel.Debug : now.Least;
        return at >= (Room(category) switch
        {
            "Microsoft" or "Grpc" => Later(least, LogLevel.Warning),
            "DotNext" => Later(least, now.Debug ? LogLevel.Information : LogLevel.Warning),
            _ => least,
        });
    }

    /// <summary>The first part of a name. Asked for every message that might be logged, of which there are dozens to a request.</summary>
    private static ReadOnlySpan<char> Room(ReadOnlySpan<char> category) => category.IndexOf('.') is > 0 and var dot ? category[..dot] : category;

    private static LogLevel Later(LogLevel one, LogLevel other) => one > other ? one : other;

    private sealed record Level(bool Debug, LogLevel Least);
}
