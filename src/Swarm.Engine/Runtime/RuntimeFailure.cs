using System.Text.Json;

namespace Swarm.Engine.Runtime;

/// <summary>What the runtime said when it could not start a process, as the error and the exit code that Docker gives for it.</summary>
/// <param name="Status">HTTP.</param>
/// <param name="ExitCode">127: no such program; 126: it cannot be executed; 128: anything else.</param>
public sealed record RuntimeFailure(int Status, int ExitCode, string Message)
{
    private const string CreatePrefix = "failed to create task for container: failed to create shim task: OCI runtime create failed: ";
    private const string ExecPrefix = "OCI runtime exec failed: exec failed: ";

    /// <param name="log">The runtime's log: JSON lines, or plain text.</param>
    /// <param name="program">The first word of the command.</param>
    public static RuntimeFailure Explain(string log, string program, bool isExec)
    {
        var said = LastMessage(log);
        var prefix = isExec ? ExecPrefix : CreatePrefix;
        var lower = said.ToLowerInvariant();
        if (lower.Contains("executable file", StringComparison.Ordinal) && lower.Contains("not found", StringComparison.Ordinal))
        {
            return new(400, 127, prefix + "unable to start container process: " + (program.Contains('/', StringComparison.Ordinal)
                ? $"exec: \"{program}\": stat {program}: no such file or directory"
                : $"exec: \"{program}\": executable file not found in $PATH"));
        }

        // crun, of a folder: "open executable: Operation not permitted"; of a file without x: "Permission denied".
        if (lower.Contains("open executable", StringComparison.Ordinal) && lower.Contains("not permitted", StringComparison.Ordinal))
        {
            return new(400, 126, $"{prefix}unable to start container process: exec: \"{program}\": permission denied");
        }

        if (lower.Contains(program.ToLowerInvariant(), StringComparison.Ordinal) || lower.Contains("exec", StringComparison.Ordinal))
        {
            foreach (var reason in new[] { "permission denied", "is a directory" })
            {
                if (lower.Contains(reason, StringComparison.Ordinal))
                {
                    return new(400, 126, $"{prefix}unable to start container process: exec: \"{program}\": {reason}");
                }
            }
        }

        // As Docker: whatever is missing that the process was to start from, a folder too.
        if (lower.Contains("no such file or directory", StringComparison.Ordinal))
        {
            return new(400, 127, $"{prefix}unable to start container process: {said}");
        }

        if (lower.Contains("not a directory", StringComparison.Ordinal))
        {
            return new(400, 127, $"{prefix}{said}: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type");
        }

        return isExec && IsOfEnded(said) ? new(409, 126, prefix + said) : new(500, 128, prefix + said);
    }

    /// <summary>Whether a runtime says that the container does not run, as of one that ends just then.</summary>
    public static bool IsOfEnded(string said) =>
        said.Contains("is not running", StringComparison.Ordinal) // crun
        || said.Contains("container not running", StringComparison.Ordinal) || said.Contains("stopped container", StringComparison.Ordinal); // runc

    private static string LastMessage(string log)
    {
        foreach (var line in log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Reverse())
        {
            if (!line.StartsWith('{'))
            {
                return line;
            }

            try
            {
                using var entry = JsonDocument.Parse(line);
                if (entry.RootElement.TryGetProperty("msg", out var text))
                {
                    return text.GetString() ?? "";
                }
            }
            catch (JsonException)
            {
                return line;
            }
        }

        return log.Trim();
    }
}
