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
        return at >= (category?.Split('.')[0] switch
        {
            "Microsoft" or "Grpc" => Later(least, LogLevel.Warning),
            "DotNext" => Later(least, now.Debug ? LogLevel.Information : LogLevel.Warning),
            _ => least,
        });
    }

    private static LogLevel Later(LogLevel one, LogLevel other) => one > other ? one : other;

    private sealed record Level(bool Debug, LogLevel Least);
}
