using System.Text.Json;
using Swarm.Engine.Build.Dockerfiles;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Images;

namespace Swarm.Engine.Build;

/// <summary>One stage on its way: the image so far, and the configuration that the next step leaves. Owned by one task.</summary>
internal sealed partial class StageBuilder
{
    private const string DefaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private readonly BuildRun _build;
    private readonly Stage _stage;
    private readonly StageOutput _output;
    private readonly ConfigEditor _editor;
    private Image? _image;
    private bool _missed;

    public StageBuilder(BuildRun build, Stage stage, StageOutput output)
    {
        (_build, _stage, _output) = (build, stage, output);
        _editor = new ConfigEditor(new BuildArguments(build.Options.Arguments, build.Globals), build.File.Escape);
    }

    private ImageBuilder Builder => _build.Builder;

    private ImageStore Images => _build.Builder.Local.Images;

    public async Task<StageResult> RunAsync(CancellationToken cancellation)
    {
        var step = _stage.FirstStep;
        await TitleAsync(step++, _stage.From, cancellation);
        await BeginAsync(cancellation);
        await ArrowAsync(cancellation);
        await TriggersAsync(cancellation);
        foreach (var instruction in _stage.Instructions)
        {
            await TitleAsync(step++, instruction, cancellation);
            await DispatchAsync(instruction, cancellation);
            await ArrowAsync(cancellation);
        }

        if (_image is not null)
        {
            await _output.WriteAsync(new BuildLine(ImageId: _image.Id), cancellation);
        }

        return new StageResult(_image, _editor.Arguments.Declared);
    }

    private Task DispatchAsync(Instruction instruction, CancellationToken cancellation) => instruction.Name switch
    {
        "ADD" or "COPY" => CopyAsync(instruction, cancellation),
        "RUN" => RunAsync(instruction, cancellation),
        "WORKDIR" => WorkdirAsync(instruction, cancellation),
        _ => CommitConfigAsync(_editor.Change(instruction), cancellation),
    };

    /// <summary>NAME, NAME=value...; a null value: no default.</summary>
    public static List<KeyValuePair<string, string?>> ReadArguments(Instruction instruction, Func<string, string?> lookup, char escape)
    {
        var words = Words.Split(instruction.Arguments, escape);
        if (words.Count == 0)
        {
            throw EngineException.BadRequest("ARG requires at least one argument");
        }

        return words.ConvertAll(word => word.IndexOf('=') switch
        {
            < 0 => KeyValuePair.Create<string, string?>(Expansion.Word(word, lookup, escape), null),
            0 => throw EngineException.BadRequest("ARG names can not be blank"),
            var equals => KeyValuePair.Create<string, string?>(
                Expansion.Word(word[..equals], lookup, escape), Expansion.Word(word[(equals + 1)..], lookup, escape)),
        });
    }

    private async Task TitleAsync(int step, Instruction instruction, CancellationToken cancellation) =>
        await _output.SayAsync($"Step {step}/{_build.StepCount} : {instruction.Original}\n", cancellation);

    private async Task ArrowAsync(CancellationToken cancellation) =>
        await _output.SayAsync($" ---> {(_image is null ? "" : ShortId(_image.Id))}\n", cancellation);

    private async Task BeginAsync(CancellationToken cancellation)
    {
        CheckPlatform(Expansion.Word(_stage.Platform, _build.Globals.GetValueOrDefault, _build.File.Escape));
        var name = Expansion.Word(_stage.Base, _build.Globals.GetValueOrDefault, _build.File.Escape);
        if (name.Length == 0)
        {
            throw EngineException.BadRequest($"base name ({_stage.Base}) should not be blank");
        }

        // Only a name, not a number, means a stage here (Docker's own rule).
        var stage = int.TryParse(name, out _) ? null : _build.Stage(name, _stage.Index);
        _image = stage is not null ? (await stage.WaitAsync(cancellation)).Image
            : name == "scratch" ? null
            : await FetchAsync(name, cancellation);
        if (_image is not null)
        {
            _build.Pin(_image.Id);
            _editor.Config = ConfigOf(_image);
        }

        if (!(_editor.Config.Env ?? []).Any(entry => entry.StartsWith("PATH=", StringComparison.Ordinal)))
        {
            _editor.Config = _editor.Config with { Env = [.. _editor.Config.Env ?? [], DefaultPath] };
        }
    }

    /// <summary>What the base image wants done in each image that stands on it.</summary>
    private async Task TriggersAsync(CancellationToken cancellation)
    {
        var triggers = _editor.Config.OnBuild ?? [];
        if (triggers.Count == 0)
        {
            return;
        }

        _editor.Config = _editor.Config with { OnBuild = null };
        await _output.SayAsync($"# Executing {triggers.Count} build trigger{(triggers.Count == 1 ? "" : "s")}\n", cancellation);
        foreach (var trigger in triggers)
        {
            var instruction = DockerfileReader.ReadOne(trigger, '\\');
            if (instruction.Name is "ONBUILD" or "FROM" or "MAINTAINER")
            {
                throw EngineException.BadRequest($"{instruction.Name} isn't allowed as an ONBUILD trigger");
            }

            await DispatchAsync(instruction, cancellation);
            await ArrowAsync(cancellation);
        }
    }

    /// <summary>An image that is here, or that a registry has.</summary>
    private async Task<Image> FetchAsync(string name, CancellationToken cancellation)
    {
        if (!_build.Options.Pull && Images.Find(name) is { } here)
        {
            return here;
        }

        var reference = ImageReference.Parse(name).WithDefaultTag();
        return await Images.PullAsync(
            reference.Canonical, _build.Options.RegistryAuth(reference.Host), step => _output.TryWrite(new BuildLine(Pull: step)), cancellation);
    }

    private ContainerConfig ConfigOf(Image image)
    {
        var raw = Images.Inspect(image.Id).RawConfig;
        try
        {
            return raw.ValueKind == JsonValueKind.Object
                ? ImageCommitter.Kept(raw.Deserialize(ImageWriteJson.Default.ContainerConfig) ?? new ContainerConfig())
                : new ContainerConfig();
        }
        catch (JsonException e)
        {
            throw new EngineException(400, $"the configuration of {image.Id} cannot be read: {e.Message}", e);
        }
    }

    private static void CheckPlatform(string platform)
    {
        if (platform.Length > 0 && !ImagePlatform.Parse(platform).IsOwn)
        {
            throw EngineException.NotImplemented($"building for the platform {platform} is not built: this engine runs programs of its own machine only");
        }
    }

    /// <summary>The cache's answer for a step that leaves <see cref="_editor.Config"/>; after the first miss it is not asked again.</summary>
    private async Task<bool> IsCachedAsync(string createdBy, CancellationToken cancellation)
    {
        if (_missed || await _build.Cache.FindAsync(_image?.Id, createdBy, _editor.Config, cancellation) is not { } hit)
        {
            _missed = true;
            return false;
        }

        _build.Pin(hit.Id);
        _image = hit;
        await _output.SayAsync(" ---> Using cache\n", cancellation);
        return true;
    }

    private async Task CommitAsync(string createdBy, Action<Stream>? layer, CancellationToken cancellation)
    {
        _image = await Images.CommitAsync(
            new ImageCommit { ParentId = _image?.Id, Config = _editor.Config, CreatedBy = createdBy, Author = _editor.Author, Layer = layer }, cancellation);
        _build.Pin(_image.Id);
    }

    /// <summary>A step that changes the configuration only.</summary>
    private async Task CommitConfigAsync(string comment, CancellationToken cancellation)
    {
        var createdBy = $"{string.Join(' ', _editor.Shell)} #(nop)  {comment}";
        if (!await IsCachedAsync(createdBy, cancellation))
        {
            await CommitAsync(createdBy, null, cancellation);
        }
    }

    private static string ShortId(string id) => id["sha256:".Length..][..12];
}
