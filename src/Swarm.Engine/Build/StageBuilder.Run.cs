using System.Text;
using Swarm.Engine.Build.Dockerfiles;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Images;

namespace Swarm.Engine.Build;

/// <summary>RUN: a container over the image so far, whose changes become a layer.</summary>
internal sealed partial class StageBuilder
{
    /// <summary>A folder on the container's own /dev, which leaves nothing in the image.</summary>
    private const string ScriptFolder = "/dev/pipes";

    private async Task RunAsync(Instruction instruction, CancellationToken cancellation)
    {
        InstructionFlags.Read(instruction);
        ConfigEditor.Required(instruction);
        var command = CommandOf(instruction);
        var shown = _editor.Arguments.Beside(_editor.Config.Env ?? [], shown: true);
        var createdBy = string.Join(' ', shown.Count > 0 ? [$"|{shown.Count}", .. shown, .. command] : command);
        if (await IsCachedAsync(createdBy, cancellation))
        {
            return;
        }

        await _build.Steps.WaitAsync(cancellation);
        try
        {
            await RunAsync(command, createdBy, cancellation);
        }
        finally
        {
            _build.Steps.Release();
        }
    }

    private async Task RunAsync(IReadOnlyList<string> command, string createdBy, CancellationToken cancellation)
    {
        var image = _image ?? await EmptyBaseAsync(cancellation);
        using var container = await Builder.Containers.CreateAsync(
            new ContainerCreateRequest
            {
                Image = image.Id,
                Cmd = command,
                Entrypoint = [""],
                Env = [.. _editor.Config.Env ?? [], .. _editor.Arguments.Beside(_editor.Config.Env ?? [], shown: false)],
                User = _editor.Config.User,
                WorkingDir = _editor.Config.WorkingDir,
                Volumes = _editor.Config.Volumes,
                AttachStdout = true,
                AttachStderr = true,
                Healthcheck = new HealthConfig { Test = ["NONE"] },
                HostConfig = _build.Options.Host,
            },
            cancellation);
        var keep = !_build.Options.Remove && !_build.Options.ForceRemove;
        try
        {
            await _output.SayAsync($" ---> Running in {container.Id[..12]}\n", cancellation);
            var status = await container.RunAsync((isError, bytes) => PassOnAsync(isError, bytes, cancellation), cancellation);
            if (status != 0)
            {
                keep = !_build.Options.ForceRemove;
                throw new BuildFailedException($"The command '{string.Join(' ', command)}' returned a non-zero code: {status}", status);
            }

            await CommitAsync(createdBy, Images.UpperArchive(container.Changes), cancellation);
        }
        finally
        {
            if (!keep || cancellation.IsCancellationRequested)
            {
                await RemoveAsync(container);
            }
        }

        if (!keep)
        {
            await _output.SayAsync($" ---> Removed intermediate container {container.Id[..12]}\n", cancellation);
        }
    }

    /// <summary>Its words must not hide why the step itself failed.</summary>
    private async Task RemoveAsync(IBuildContainer container)
    {
        try
        {
            await container.RemoveAsync();
        }
        catch (Exception e) when (e is EngineException or IOException)
        {
            Builder.NotRemoved(e, container);
        }
    }

    /// <summary>Docker shows the standard error in red.</summary>
    private async ValueTask PassOnAsync(bool isError, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        var text = Encoding.UTF8.GetString(bytes.Span);
        await _output.SayAsync(isError ? $"\u001b[91m{text}\u001b[0m" : text, cancellation);
    }

    /// <summary>A container needs an image below it; scratch is one without layers.</summary>
    private Task<Image> EmptyBaseAsync(CancellationToken cancellation) =>
        Images.CommitAsync(new ImageCommit { Config = _editor.Config, CreatedBy = "scratch" }, cancellation);

    private IReadOnlyList<string> CommandOf(Instruction instruction)
    {
        if (instruction.Documents is not [var first, ..])
        {
            return _editor.ShellOrExec(instruction.Arguments);
        }

        // Nothing but one here-document: it is the script. Anything else is the shell's to read.
        var only = instruction.Documents.Count == 1 && Words.Split(instruction.Arguments, _build.File.Escape).Count == 1;
        if (!only)
        {
            var text = new StringBuilder(instruction.Arguments);
            foreach (var document in instruction.Documents)
            {
                text.Append('\n').Append(document.Content).Append(document.Name);
            }

            return [.. _editor.Shell, text.ToString()];
        }

        return first.Content.StartsWith("#!", StringComparison.Ordinal) ? [.. _editor.Shell, Script(first)] : [.. _editor.Shell, first.Content];
    }

    private static string Script(HereDocument document)
    {
        var end = "SWARM_" + Registry.Digest.Of(Encoding.UTF8.GetBytes(document.Content)).Hex;
        var path = $"{ScriptFolder}/{document.Name.Replace('/', '_')}";
        return $"mkdir -p {ScriptFolder} && cat > {path} <<'{end}' && chmod 755 {path} && exec {path}\n{document.Content}{end}\n";
    }
}
