using Swarm.Chaos.Faults;

namespace Swarm.Chaos.Scenarios;

/// <summary>Reads a scenario's file, strictly: what it does not know is an error with its line.</summary>
public static class ScenarioReader
{
    private const int MaxManagers = 9;
    private const int MaxWorkers = 20;
    private const int MaxClients = 64;
    private static readonly TimeSpan DefaultConverge = TimeSpan.FromSeconds(45);

    /// <exception cref="ScenarioException">It cannot be read, or says something that cannot be.</exception>
    public static Scenario Load(string path)
    {
        try
        {
            using var text = File.OpenText(path);
            return Read(path, text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ScenarioException($"{path} cannot be read: {e.Message}", e);
        }
    }

    /// <param name="path">For messages, and the scenario's name is checked against it.</param>
    public static Scenario Read(string path, TextReader text)
    {
        var map = YamlMap.Parse(path, text);
        var name = map.Text("name");
        if (name != Path.GetFileNameWithoutExtension(path))
        {
            throw map.Wrong("name", $"the file's name says otherwise than 'name: {name}'");
        }

        var cluster = Cluster(map.Map("cluster"));
        var duration = map.Read("duration", Units.Duration, Units.ADuration);
        var scenario = new Scenario
        {
            Name = name,
            Story = map.Text("story"),
            Cluster = cluster,
            Duration = duration,
            Converge = map.Read("converge", Units.Duration, Units.ADuration, DefaultConverge),
            Workloads = [.. map.Maps("workloads").Select(Workload)],
            Faults = [.. map.Maps("faults").Select(fault => Fault(fault, cluster))],
        };
        map.End();
        return scenario;
    }

    private static ClusterShape Cluster(YamlMap map)
    {
        var shape = new ClusterShape(
            map.Number("managers", 1, MaxManagers),
            map.Number("workers", 0, MaxWorkers, 0),
            map.Read("disk", Units.Size, Units.ASize, -1) is >= 0 and var bytes ? bytes : null);
        map.End();
        return shape;
    }

    private static WorkloadSpec Workload(YamlMap map)
    {
        var kind = map.Read(
            "kind", text => Enum.GetValues<WorkloadKind>().Where(k => Word(k) == text).Select(k => (WorkloadKind?)k).FirstOrDefault(),
            string.Join(", ", Enum.GetValues<WorkloadKind>().Select(Word)));
        var spec = new WorkloadSpec(
            kind,
            map.Number("clients", 1, MaxClients),
            kind == WorkloadKind.Set ? 0 : map.Number("objects", 1, 100),
            kind is WorkloadKind.Services or WorkloadKind.Networks ? map.Number("replicas", 1, 100) : 0,
            kind == WorkloadKind.Networks ? map.TextOrNull("subnet") : null);
        map.End();
        return spec;
    }

    private static FaultSpec Fault(YamlMap map, ClusterShape cluster)
    {
        var kind = map.Text("kind");
        var fault = FaultCatalog.Find(kind) ?? throw map.Wrong("kind", $"there is no fault '{kind}': there are {string.Join(", ", FaultCatalog.All.Select(f => f.Kind))}");
        var spec = new FaultSpec
        {
            Kind = kind,
            Target = map.TextOrNull("target"),
            Every = map.Read("every", Units.Span, Units.ASpan),
            For = fault.Lasts ? map.Read("for", Units.Span, Units.ASpan) : default,
            From = map.Read("from", Units.Duration, Units.ADuration, TimeSpan.Zero),
            Until = map.Read("until", Units.Duration, Units.ADuration, TimeSpan.MaxValue) is var until && until < TimeSpan.MaxValue ? until : null,
            Chance = map.Read("chance", Units.Share, Units.AShare, 1),
            Ratio = fault.HasRatio ? map.Read("ratio", Units.Share, Units.AShare) : 0,
        };
        if (fault.NeedsDisks && cluster.DiskBytes is null)
        {
            throw map.Wrong("kind", $"'{kind}' needs nodes with disks of their own: give the cluster a disk, such as 128MiB");
        }

        if (spec.Target is { } target && !fault.Targets.Contains(target))
        {
            throw map.Wrong("target", fault.Targets.Count == 0
                ? $"'{kind}' chooses for itself: leave 'target' out"
                : $"'{kind}' has no target '{target}': it has {string.Join(", ", fault.Targets)}");
        }

        if (spec.Every.High + spec.For.High <= TimeSpan.Zero)
        {
            throw map.Wrong("every", "faults without any time between them never end");
        }

        map.End();
        return spec;
    }

    private static string Word(WorkloadKind kind) => kind.ToString().ToLowerInvariant();
}
