namespace Swarm.Lab;

/// <summary>Where labs live on this machine, and its clock. Tests use folders of their own.</summary>
/// <param name="DataRoot">What survives a node's power cut: one folder per lab, one in it per node.</param>
/// <param name="RunRoot">What does not: sockets and the engines' runtime state.</param>
public sealed record LabHost(string DataRoot, string RunRoot, TimeProvider Time)
{
    public static LabHost Default(TimeProvider time) => new("/var/lib/swarm/labs", "/run/swarm/labs", time);

    public string LabData(string lab) => Path.Combine(DataRoot, lab);

    public string LabRun(string lab) => Path.Combine(RunRoot, lab);

    public string StateFile(string lab) => Path.Combine(LabData(lab), "lab.json");

    public LabPaths Paths(string lab, string node) => new(
        Data: Path.Combine(LabData(lab), node, "data"),
        Log: Path.Combine(LabData(lab), node, "daemon.log"),
        Run: Path.Combine(LabRun(lab), node),
        Socket: Path.Combine(LabRun(lab), node, "swarm.sock"),
        CgroupParent: $"swarm-{lab}/{node}",
        Namespace: $"swarm-{lab}-{node}");
}

/// <summary>Everything on this machine that belongs to one node.</summary>
/// <param name="CgroupParent">Relative to the root of every cgroup hierarchy, without a leading slash.</param>
/// <param name="Namespace">Name of the network namespace, as `ip netns` lists it.</param>
public sealed record LabPaths(string Data, string Log, string Run, string Socket, string CgroupParent, string Namespace)
{
    public string DockerHost => "unix://" + Socket;

    /// <summary>The node's folder: its data and its log.</summary>
    public string Home => Path.GetDirectoryName(Log)!;
}
