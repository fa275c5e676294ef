using System.Text;
using System.Text.RegularExpressions;
using Swarm.Engine.Containers.Wire;
using Swarm.Linux;

namespace Swarm.Engine.Containers;

public sealed partial class ContainerEngine
{
    /// <summary>Characters of what ps prints of the whole machine.</summary>
    private const int MaximumTable = 16 << 20;
    private const string DefaultPsArguments = "-ef", PidTitle = "PID";
    private static readonly string[] PsPaths = ["/usr/bin/ps", "/bin/ps"];

    /// <summary>The container's processes with the columns that the host's ps(1) prints for the arguments; without one only those of "-ef".</summary>
    /// <exception cref="EngineException">409: it does not run; 400 and 500: ps refuses, or prints no PID.</exception>
    public async Task<ContainerTop> TopAsync(Container container, string arguments, CancellationToken cancellation)
    {
        if (container.State.Status == ContainerStatus.Restarting)
        {
            throw EngineException.Conflict($"container {container.Id} is restarting, wait until the container is running");
        }

        if (!container.State.IsRunning)
        {
            throw EngineException.Conflict($"container {container.Id} is not running");
        }

        var file = Cgroups.ProcessesFile(Specs.CgroupPath(container.Record));
        string[] pids = File.Exists(file) ? await File.ReadAllLinesAsync(file, cancellation).ConfigureAwait(false) : [];
        var given = arguments.Length > 0 ? arguments : DefaultPsArguments;
        if (PsAssignment().Match(given) is { Success: true } assignment && assignment.Groups[1].Value.EndsWith("pid", StringComparison.OrdinalIgnoreCase) && !assignment.Groups[2].Value.Equals("pid", StringComparison.OrdinalIgnoreCase))
        {
            throw EngineException.BadRequest($"specifying \"{assignment.Value.Trim()}\" is not allowed");
        }

        Publish(container, "top");
        if (PsPaths.FirstOrDefault(File.Exists) is not { } program)
        {
            return given == DefaultPsArguments
                ? new ContainerTop(ProcessTable.Titles, [.. pids.Select(ProcessTable.Row).OfType<IReadOnlyList<string>>()])
                : throw EngineException.NotImplemented("this machine has no ps(1): docker top knows the columns of `ps -ef` only");
        }

        return Parse(await PsAsync(program, given, cancellation).ConfigureAwait(false), pids.ToHashSet());
    }

    private async Task<string> PsAsync(string program, string arguments, CancellationToken cancellation)
    {
        string[] words = [program, .. arguments.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)];
        var (status, text) = await ChildOutput.CollectAsync(
            output => _thread.InvokeAsync(() => ChildProcess.Start(program, words, ["PATH=/usr/bin:/bin", "LC_ALL=C"], [new(output, 1), new(output, 2)], newSession: true)),
            cancellation,
            MaximumTable).ConfigureAwait(false);
        return status.ExitCode == 0 ? text : throw EngineException.BadRequest($"Error running ps: {text.Trim()}");
    }

    private static ContainerTop Parse(string table, HashSet<string> pids)
    {
        var lines = table.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var titles = lines.Length == 0 ? [] : lines[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var column = Array.IndexOf(titles, PidTitle);
        if (column < 0)
        {
            throw new EngineException(500, "Couldn't find PID field in ps output");
        }

        // The last column is a command line, with spaces of its own.
        var rows = lines.Skip(1)
            .Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields.Length > column && pids.Contains(fields[column]))
            .Select(fields => (IReadOnlyList<string>)[.. fields.Take(titles.Length - 1), string.Join(' ', fields.Skip(titles.Length - 1))]);
        return new ContainerTop(titles, [.. rows]);
    }

    [GeneratedRegex(@"(?:^|\s)-?o?\s*(\w+)=(\w*)")]
    private static partial Regex PsAssignment();
}
