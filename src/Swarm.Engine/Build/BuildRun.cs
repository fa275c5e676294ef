using System.Globalization;
using Swarm.Engine.Build.Dockerfiles;
using Swarm.Engine.Images;

namespace Swarm.Engine.Build;

/// <summary>One build in progress: its stages, what they share, and the order in which they are heard.</summary>
internal sealed class BuildRun : IDisposable
{
    private readonly Stages _stages;
    private readonly List<IDisposable> _pins = [];
    private readonly Lock _gate = new();
    private readonly StageOutput[] _outputs;
    private readonly Task<StageResult>[] _results;

    public BuildRun(ImageBuilder builder, BuildOptions options, BuildContext context, Dockerfile file, Stages stages, int concurrent)
    {
        (Builder, Options, Context, File, _stages) = (builder, options, context, file, stages);
        Steps = new SemaphoreSlim(concurrent);
        Cache = new BuildCache(builder.Local.Images, options);
        _outputs = [.. stages.List.Select(_ => new StageOutput())];
        _results = new Task<StageResult>[stages.List.Count];
    }

    public ImageBuilder Builder { get; }

    public BuildOptions Options { get; }

    public BuildContext Context { get; }

    public Dockerfile File { get; }

    public BuildCache Cache { get; }

    /// <summary>Bounds the steps that work at once.</summary>
    public SemaphoreSlim Steps { get; }

    public int StepCount => _stages.Steps;

    /// <summary>Values of the ARGs before the first FROM.</summary>
    public Dictionary<string, string?> Globals { get; } = [];

    public async Task<string> RunAsync(Func<BuildLine, ValueTask> emit, CancellationToken cancellation)
    {
        foreach (var warning in File.Warnings)
        {
            await emit(new BuildLine(warning));
        }

        await ReadGlobalsAsync(emit);
        CheckNames();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        for (var i = 0; i < _results.Length; i++)
        {
            _results[i] = RunStageAsync(_stages.List[i], stop.Token);
        }

        try
        {
            return await ListenAsync(emit, cancellation);
        }
        finally
        {
            await stop.CancelAsync();
            foreach (var result in _results)
            {
                // The first failure was thrown above; the others only have to be over before their files go.
                await ((Task)result).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>What a stage became; null if no earlier stage has that name or number.</summary>
    public Task<StageResult>? Stage(string name, int before)
    {
        var at = _stages.List.Take(before).ToList().FindIndex(stage => stage.Name.Length > 0 && stage.Name == name.ToLowerInvariant());
        if (at < 0 && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            at = number < before
                ? number
                : throw EngineException.BadRequest($"invalid from flag value {name}: refers to a stage that is not before this one");
        }

        return at < 0 ? null : _results[at];
    }

    /// <summary>Keeps an image from being pruned until the build is over.</summary>
    public void Pin(string id)
    {
        var pin = Builder.Local.Images.Pin(id);
        lock (_gate)
        {
            _pins.Add(pin);
        }
    }

    public void Dispose()
    {
        _pins.ForEach(pin => pin.Dispose());
        Steps.Dispose();
    }

    private async Task<StageResult> RunStageAsync(Stage stage, CancellationToken cancellation)
    {
        var output = _outputs[stage.Index];
        try
        {
            // Off the caller's thread: all stages begin at once.
            await Task.Yield();
            return await new StageBuilder(this, stage, output).RunAsync(cancellation);
        }
        finally
        {
            output.End();
        }
    }

    private async Task<string> ListenAsync(Func<BuildLine, ValueTask> emit, CancellationToken cancellation)
    {
        var declared = new HashSet<string>(Globals.Keys);
        StageResult? result = null;
        for (var i = 0; i < _results.Length; i++)
        {
            await foreach (var line in _outputs[i].Lines.ReadAllAsync(cancellation))
            {
                await emit(line);
            }

            result = await _results[i];
            declared.UnionWith(result.Declared);
        }

        var unused = Options.Arguments.Keys.Where(name => !declared.Contains(name) && !BuildArguments.IsPredefined(name)).Order(StringComparer.Ordinal).ToList();
        if (unused.Count > 0)
        {
            await emit(new BuildLine($"[Warning] One or more build-args [{string.Join(' ', unused)}] were not consumed\n"));
        }

        return result?.Image?.Id ?? throw EngineException.BadRequest("No image was generated. Is your Dockerfile empty?");
    }

    private async Task ReadGlobalsAsync(Func<BuildLine, ValueTask> emit)
    {
        var step = 0;
        foreach (var instruction in _stages.Arguments)
        {
            await emit(new BuildLine($"Step {++step}/{StepCount} : {instruction.Original}\n"));
            foreach (var (name, value) in StageBuilder.ReadArguments(instruction, Globals.GetValueOrDefault, File.Escape))
            {
                Globals[name] = Options.Arguments.TryGetValue(name, out var given) ? given : value;
            }
        }
    }

    private void CheckNames()
    {
        var names = new HashSet<string>();
        foreach (var stage in _stages.List.Where(stage => stage.Name.Length > 0))
        {
            if (!names.Add(stage.Name))
            {
                throw EngineException.BadRequest($"{stage.Name} stage name already used");
            }
        }
    }
}

/// <param name="Image">Null: FROM scratch and nothing after it.</param>
/// <param name="Declared">Its ARGs.</param>
internal sealed record StageResult(Image? Image, IReadOnlyCollection<string> Declared);
