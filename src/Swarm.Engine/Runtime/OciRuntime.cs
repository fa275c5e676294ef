using Swarm.Engine.Containers;
using Swarm.Linux;

namespace Swarm.Engine.Runtime;

/// <summary>The OCI runtime as the daemon calls it: everything but starting processes, which the shims do.</summary>
public sealed class OciRuntime(EngineOptions options, RuntimeThread thread)
{
    private static readonly string[] Environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];

    // What changes a container is not broken off by a client that leaves: what was begun and not told would be believed not to be so.
    public Task PauseAsync(ContainerRecord container) => RunAsync(ProgramOf(container), ["pause", container.Id], CancellationToken.None);

    public Task ResumeAsync(ContainerRecord container) => RunAsync(ProgramOf(container), ["resume", container.Id], CancellationToken.None);

    /// <param name="resources">A file of `linux.resources` (config-linux.md).</param>
    public Task UpdateAsync(ContainerRecord container, string resources) =>
        RunAsync(ProgramOf(container), ["update", "--resources", resources, container.Id], CancellationToken.None);

    /// <summary>Ends what may be left of a container and removes the runtime's state of it. Safe to repeat.</summary>
    /// <param name="container">Null when not even that is known any more: any runtime will do.</param>
    public async Task DeleteAsync(string id, ContainerRecord? container, CancellationToken cancellation)
    {
        if (Directory.Exists(Path.Combine(options.RuntimeStatePath, id)))
        {
            await RunAsync(container is null ? options.Runtimes.Default : ProgramOf(container), ["delete", "--force", id], cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>What a runtime says of itself: a line that ends with its version, and "commit: ..." in another.</summary>
    /// <exception cref="EngineException">500: it does not run.</exception>
    public async Task<RuntimeVersion> VersionAsync(RuntimeProgram program, CancellationToken cancellation)
    {
        const string commit = "commit: ";
        var lines = (await RunAsync(program, ["--version"], cancellation).ConfigureAwait(false)).Split('\n', StringSplitOptions.TrimEntries);
        return new RuntimeVersion(lines[0].Split(' ')[^1], lines.FirstOrDefault(line => line.StartsWith(commit, StringComparison.Ordinal))?[commit.Length..] ?? "");
    }

    private RuntimeProgram ProgramOf(ContainerRecord container) => options.Runtimes.Of(container.HostConfig.Runtime);

    /// <exception cref="EngineException">409: the container has ended; 500: with the runtime's words.</exception>
    private async Task<string> RunAsync(RuntimeProgram program, IReadOnlyList<string> command, CancellationToken cancellation)
    {
        string[] arguments = [program.Path, .. program.Arguments, "--root", options.RuntimeStatePath, .. command];
        var (status, text) = await ChildOutput.CollectAsync(
            output => thread.InvokeAsync(() => ChildProcess.Start(thread.Copies.PathOf(program.Path), arguments, Environment, [new(output, 1), new(output, 2)], newSession: true)),
            cancellation).ConfigureAwait(false);
        if (status.ExitCode != 0)
        {
            throw new EngineException(RuntimeFailure.IsOfEnded(text) ? 409 : 500, $"OCI runtime {command[0]} failed: {(text.Length > 0 ? text : $"exit status {status.ExitCode}")}");
        }

        return text;
    }
}
