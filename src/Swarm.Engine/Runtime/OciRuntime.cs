using Swarm.Linux;

namespace Swarm.Engine.Runtime;

/// <summary>The OCI runtime as the daemon calls it: everything but starting processes, which the shims do.</summary>
public sealed class OciRuntime(EngineOptions options, RuntimeThread thread)
{
    private static readonly string[] Environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];

    public Task PauseAsync(string id, CancellationToken cancellation) => RunAsync(["pause", id], cancellation);

    public Task ResumeAsync(string id, CancellationToken cancellation) => RunAsync(["resume", id], cancellation);

    /// <param name="resources">A file of `linux.resources` (config-linux.md).</param>
    public Task UpdateAsync(string id, string resources, CancellationToken cancellation) => RunAsync(["update", "--resources", resources, id], cancellation);

    /// <summary>Ends what may be left of a container and removes the runtime's state of it. Safe to repeat.</summary>
    public async Task DeleteAsync(string id, CancellationToken cancellation)
    {
        if (Directory.Exists(Path.Combine(options.RuntimeStatePath, id)))
        {
            await RunAsync(["delete", "--force", id], cancellation).ConfigureAwait(false);
        }
    }

    /// <exception cref="EngineException">500: with the runtime's words.</exception>
    private async Task RunAsync(IReadOnlyList<string> command, CancellationToken cancellation)
    {
        var arguments = new List<string> { options.Runtime, "--root", options.RuntimeStatePath };
        arguments.AddRange(command);
        var (status, text) = await ChildOutput.CollectAsync(
            output => thread.InvokeAsync(() => ChildProcess.Start(options.Runtime, arguments, Environment, [new(output, 1), new(output, 2)], newSession: true)),
            cancellation).ConfigureAwait(false);
        if (status.ExitCode != 0)
        {
            throw new EngineException(500, $"OCI runtime {command[0]} failed: {(text.Length > 0 ? text : $"exit status {status.ExitCode}")}");
        }
    }
}
