using Swarm.Engine.Build;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Runtime;

namespace Swarm.Engine.Images;

/// <summary>The configuration of an image that is made of a container: `docker commit`.</summary>
public static class CommitConfig
{
    /// <param name="given">What the request names takes the place of the container's own.</param>
    /// <param name="changes">Instructions of a Dockerfile that only change the configuration.</param>
    /// <exception cref="EngineException">400: not such an instruction.</exception>
    public static ContainerConfig Of(ContainerConfig own, ContainerConfig? given, IEnumerable<string> changes) =>
        ConfigEditor.Apply(given is null ? own : Overlay(own, given), changes);

    private static ContainerConfig Overlay(ContainerConfig own, ContainerConfig given) => own with
    {
        User = string.IsNullOrEmpty(given.User) ? own.User : given.User,
        Cmd = given.Cmd is { Count: > 0 } ? given.Cmd : own.Cmd,
        Entrypoint = given.Entrypoint is { Count: > 0 } ? given.Entrypoint : own.Entrypoint,
        Env = SpecWriter.Overlay(own.Env ?? [], given.Env ?? []),
        WorkingDir = string.IsNullOrEmpty(given.WorkingDir) ? own.WorkingDir : given.WorkingDir,
        ExposedPorts = given.ExposedPorts is { Count: > 0 } ? given.ExposedPorts : own.ExposedPorts,
        Volumes = given.Volumes is { Count: > 0 } ? given.Volumes : own.Volumes,
        Labels = given.Labels is { Count: > 0 } ? new((own.Labels ?? []).Where(l => !given.Labels.ContainsKey(l.Key)).Concat(given.Labels)) : own.Labels,
        Healthcheck = given.Healthcheck ?? own.Healthcheck,
        OnBuild = given.OnBuild is { Count: > 0 } ? given.OnBuild : own.OnBuild,
        StopSignal = string.IsNullOrEmpty(given.StopSignal) ? own.StopSignal : given.StopSignal,
        Shell = given.Shell is { Count: > 0 } ? given.Shell : own.Shell,
    };
}
