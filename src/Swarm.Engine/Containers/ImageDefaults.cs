using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Images;
using Swarm.Engine.Runtime;

namespace Swarm.Engine.Containers;

/// <summary>A user's configuration over the image's.</summary>
internal static class ImageDefaults
{
    /// <returns>The configuration as `docker inspect` shows it, and the whole command.</returns>
    /// <exception cref="EngineException">400: there is no command.</exception>
    public static (ContainerConfig Config, IReadOnlyList<string> Command) Apply(ContainerConfig user, ImageConfig image, string shortId)
    {
        var entrypoint = user.Entrypoint;
        var cmd = user.Cmd;
        if (entrypoint is not { Count: > 0 })
        {
            cmd = cmd is { Count: > 0 } ? cmd : image.Cmd.IsDefaultOrEmpty ? null : image.Cmd;
            entrypoint ??= image.Entrypoint.IsDefaultOrEmpty ? null : image.Entrypoint;
        }
        else if (entrypoint is [""])
        {
            entrypoint = null;
        }

        string[] command = [.. entrypoint ?? [], .. cmd ?? []];
        if (command.Length == 0)
        {
            throw EngineException.BadRequest("no command specified");
        }

        var labels = new Dictionary<string, string>(image.Labels);
        foreach (var (name, value) in user.Labels ?? [])
        {
            labels[name] = value;
        }

        // A copy of the base type: what is kept and shown has no HostConfig inside.
        var config = new ContainerConfig
        {
            Hostname = string.IsNullOrEmpty(user.Hostname) ? shortId : user.Hostname,
            Domainname = user.Domainname ?? "",
            User = string.IsNullOrEmpty(user.User) ? image.User : user.User,
            AttachStdin = user.AttachStdin,
            AttachStdout = user.AttachStdout,
            AttachStderr = user.AttachStderr,
            ExposedPorts = Union(user.ExposedPorts, image.ExposedPorts),
            Tty = user.Tty,
            OpenStdin = user.OpenStdin,
            StdinOnce = user.StdinOnce,
            Env = Environment(user.Env ?? [], image.Env) is { Count: > 0 } environment ? environment : null,
            Cmd = cmd,
            Image = user.Image,
            Volumes = Union(user.Volumes, image.Volumes),
            WorkingDir = string.IsNullOrEmpty(user.WorkingDir) ? image.WorkingDir : user.WorkingDir,
            Entrypoint = entrypoint,
            Labels = labels,
            StopSignal = string.IsNullOrEmpty(user.StopSignal) ? (image.StopSignal.Length > 0 ? image.StopSignal : null) : user.StopSignal,
            StopTimeout = user.StopTimeout,
            NetworkDisabled = user.NetworkDisabled,
            Healthcheck = Merge(user.Healthcheck, image.Healthcheck),
            Shell = user.Shell is { Count: > 0 } ? user.Shell : image.Shell.IsDefaultOrEmpty ? null : image.Shell,
        };
        return (config, command);
    }

    /// <summary>The user's, then what the image has beside them. A name alone is kept: it says that the process is not to have that variable.</summary>
    private static IReadOnlyList<string> Environment(IReadOnlyList<string> user, IReadOnlyList<string> image)
    {
        var given = user.Select(NameOf).ToHashSet(StringComparer.Ordinal);
        return [.. user, .. image.Where(entry => !given.Contains(NameOf(entry)))];

        static string NameOf(string entry) => entry.Split('=', 2)[0];
    }

    /// <summary>What the user's check leaves out is the image's.</summary>
    private static HealthConfig? Merge(HealthConfig? user, HealthConfig? image) => user is null ? image : image is null ? user : new HealthConfig
    {
        Test = user.Test is { Count: > 0 } ? user.Test : image.Test,
        Interval = Given(user.Interval, image.Interval),
        Timeout = Given(user.Timeout, image.Timeout),
        StartPeriod = Given(user.StartPeriod, image.StartPeriod),
        StartInterval = Given(user.StartInterval, image.StartInterval),
        Retries = user.Retries is null or 0 ? image.Retries : user.Retries,
    };

    private static long? Given(long? user, long? image) => user is null or 0 ? image : user;

    private static Dictionary<string, EmptyObject>? Union(Dictionary<string, EmptyObject>? user, IEnumerable<string> image)
    {
        var all = (user?.Keys ?? Enumerable.Empty<string>()).Union(image).ToDictionary(k => k, _ => new EmptyObject());
        return all.Count > 0 ? all : null;
    }
}
