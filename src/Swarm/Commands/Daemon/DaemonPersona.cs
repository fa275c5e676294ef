namespace Swarm.Commands;

/// <summary>What the daemon is called as, and so where its things are when nobody says otherwise.</summary>
/// <param name="ConfigFile">Read if it is there; null: none unless it is named.</param>
/// <param name="SocketGroup">Owns the unix sockets if the machine has it; null: root alone.</param>
internal sealed record DaemonPersona(
    string Program, string DataRoot, string ExecRoot, string? PidFile, string Socket, string? ConfigFile, string Bridge, string CgroupParent, string? SocketGroup)
{
    /// <summary>In Docker's place: what it has where a machine's scripts look for it.</summary>
    public static DaemonPersona Dockerd { get; } = new(
        "dockerd", "/var/lib/docker", "/var/run/docker", "/var/run/docker.pid", "/var/run/docker.sock", "/etc/docker/daemon.json", "docker0", "docker", "docker");

    /// <summary>`swarm daemon`: beside a Docker that may be there too, so nothing of Docker's is read or taken.</summary>
    public static DaemonPersona Swarm { get; } = new(
        "swarm daemon", "/var/lib/swarm", "/run/swarm", null, "/run/swarm/swarm.sock", null, "swarm0", "swarm", null);
}
