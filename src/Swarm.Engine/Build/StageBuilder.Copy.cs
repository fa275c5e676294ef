using Swarm.Engine.Build.Copying;
using Swarm.Engine.Build.Dockerfiles;
using Swarm.Engine.Images;

namespace Swarm.Engine.Build;

/// <summary>ADD, COPY and WORKDIR: changes to the files that the builder makes itself.</summary>
internal sealed partial class StageBuilder
{
    private async Task WorkdirAsync(Instruction instruction, CancellationToken cancellation)
    {
        _editor.Change(instruction);
        var path = _editor.Config.WorkingDir!;
        var createdBy = $"{string.Join(' ', _editor.Shell)} #(nop) WORKDIR {path}";
        if (await IsCachedAsync(createdBy, cancellation))
        {
            return;
        }

        // A folder that is there already leaves no layer.
        await ChangeFilesAsync(createdBy, root =>
        {
            using var target = new CopyTarget(root, default, null, Builder.Local.Layers.Ids);
            target.MakeFolder(path);
        }, cancellation);
    }

    private async Task CopyAsync(Instruction instruction, CancellationToken cancellation)
    {
        var name = instruction.Name;
        var flags = name == "COPY"
            ? InstructionFlags.Read(instruction, "from", "chown", "chmod")
            : InstructionFlags.Read(instruction, "chown", "chmod");
        var words = Words.JsonOrSplit(instruction, _build.File.Escape).ConvertAll(_editor.Expand);
        if (words.Count < 2)
        {
            throw DockerfileReader.ErrorAt(
                instruction.Line, $"{name} requires at least two arguments, but only one was provided. Destination could not be determined.");
        }

        var chown = _editor.Expand(flags.GetValueOrDefault("chown", ""));
        var mode = Mode(_editor.Expand(flags.GetValueOrDefault("chmod", "")));
        using var origin = await OriginAsync(flags, cancellation);
        var folder = Builder.NewFolder();
        using var sources = new CopySources(origin.Path, name, flags.ContainsKey("from"), folder, Builder.Http);
        foreach (var word in words.SkipLast(1))
        {
            var document = instruction.Documents.FirstOrDefault(document => word.TrimStart('<', '-') == document.Name && word.StartsWith("<<", StringComparison.Ordinal));
            if (document is not null)
            {
                sources.AddText(document.Name, document.Literal ? document.Content : Expansion.Text(document.Content, _editor.Lookup, _build.File.Escape));
            }
            else
            {
                await sources.AddAsync(word, text => _output.SayAsync(text, cancellation), cancellation);
            }
        }

        var destination = words[^1];
        if (sources.List.Count > 1 && !destination.EndsWith('/') && destination != ".")
        {
            throw EngineException.BadRequest(
                $"When using {name} with more than one source file, the destination must be a directory and end with a /");
        }

        var hash = await Task.Run(() => sources.Hash(cancellation), cancellation);
        var createdBy = $"{string.Join(' ', _editor.Shell)} #(nop) {name} {(chown.Length > 0 ? $"--chown={chown} " : "")}{(mode is null ? "" : $"--chmod={flags["chmod"]} ")}{hash} in {destination} ";
        if (await IsCachedAsync(createdBy, cancellation))
        {
            return;
        }

        await _build.Steps.WaitAsync(cancellation);
        try
        {
            await ChangeFilesAsync(createdBy, root =>
            {
                var owner = chown.Length > 0 ? CopyTarget.Owner(root, chown) : ((uint, uint)?)null;
                using var target = new CopyTarget(root, owner, mode, Builder.Local.Layers.Ids);
                var path = CopyTarget.Absolute(_editor.Config.WorkingDir ?? "", destination);
                var isFolder = destination.EndsWith('/') || destination is "." or ".." || destination.EndsWith("/.", StringComparison.Ordinal);
                foreach (var source in sources.List)
                {
                    cancellation.ThrowIfCancellationRequested();
                    target.Place(source, path, isFolder, unpack: name == "ADD", cancellation);
                }
            }, cancellation);
        }
        finally
        {
            _build.Steps.Release();
        }
    }

    /// <summary>Mounts the image so far, changes it, and makes a layer of the change.</summary>
    private async Task ChangeFilesAsync(string createdBy, Action<string> change, CancellationToken cancellation)
    {
        using var root = new BuildRoot(Builder.Local.Rootfs, _image);
        await Task.Run(() => change(root.Path), cancellation);
        await CommitAsync(createdBy, Images.UpperArchive(root.Finish()), cancellation);
    }

    /// <summary>Where COPY takes its files from: the context, an earlier stage, or an image.</summary>
    private async Task<Origin> OriginAsync(IReadOnlyDictionary<string, string> flags, CancellationToken cancellation)
    {
        if (!flags.TryGetValue("from", out var from))
        {
            return new Origin(_build.Context.Root, null);
        }

        if (from.Length == 0)
        {
            throw EngineException.BadRequest("invalid from flag value: it is empty");
        }

        var image = _build.Stage(from, _stage.Index) is { } stage ? (await stage.WaitAsync(cancellation)).Image : await FetchAsync(from, cancellation);
        if (image is not null)
        {
            _build.Pin(image.Id);
        }

        var root = new BuildRoot(Builder.Local.Rootfs, image);
        return new Origin(root.Path, root);
    }

    private static int? Mode(string text)
    {
        if (text.Length == 0)
        {
            return null;
        }

        return text.Length <= 5 && text.All(c => c is >= '0' and <= '7') && Convert.ToInt32(text, 8) is <= 0xFFF and var mode
            ? mode
            : throw EngineException.BadRequest(
                $"invalid chmod parameter: '{text}'. it should be octal string and between 0 and 07777");
    }

    private sealed record Origin(string Path, BuildRoot? Root) : IDisposable
    {
        public void Dispose() => Root?.Dispose();
    }
}
