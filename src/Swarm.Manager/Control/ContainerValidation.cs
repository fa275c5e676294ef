using System.Collections.Immutable;
using Swarm.Model;
using Swarm.Model.Templates;

namespace Swarm.Manager.Control;

internal static class ContainerValidation
{
    private static readonly TimeSpan MinHealthDuration = TimeSpan.FromMilliseconds(1);

    internal static void Check(ContainerSpec container)
    {
        CheckImage(container.Image);
        CheckMounts(container.Mounts);
        CheckHealth(container.Healthcheck);
        CheckPrivileges(container);
    }

    internal static void CheckFileReferences(string kind, ImmutableArray<FileReference> references)
    {
        var targets = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var reference in references)
        {
            if (reference.Id.Length == 0 || reference.Name.Length == 0)
            {
                throw ControlException.Invalid($"malformed {kind} reference");
            }

            if (reference.TargetPath.Length == 0)
            {
                throw ControlException.Invalid($"malformed file {kind} reference, invalid target file name provided");
            }

            if (!targets.TryAdd(reference.TargetPath, reference.Name))
            {
                throw ControlException.Invalid(
                    $"{kind} references '{targets[reference.TargetPath]}' and '{reference.Name}' have a conflicting target: '{reference.TargetPath}'");
            }
        }
    }

    private static void CheckImage(string image)
    {
        if (image.Length == 0)
        {
            throw ControlException.Invalid("ContainerSpec: image reference must be provided");
        }

        if (!ImageReference.IsValid(image))
        {
            throw ControlException.Invalid($"ContainerSpec: \"{image}\" is not a valid repository/tag");
        }
    }

    private static void CheckMounts(ImmutableArray<Mount> mounts)
    {
        var targets = new HashSet<string>(StringComparer.Ordinal);
        foreach (var mount in mounts)
        {
            if (!targets.Add(mount.Target))
            {
                throw ControlException.Invalid($"ContainerSpec: duplicate mount point: {mount.Target}");
            }

            // Docker says these only when a node has the task already; nothing about the node is needed to know them.
            var wrong = mount switch
            {
                _ when !mount.Target.StartsWith('/') => $"invalid mount target, must be an absolute path: {mount.Target}",
                { Type: MountType.Bind } when !mount.Source.StartsWith('/') => $"invalid bind mount source, must be an absolute path: {mount.Source}",
                { Type: MountType.Volume } when mount.Source.StartsWith('/') => $"invalid volume mount source, must not be an absolute path: {mount.Source}",
                { Type: MountType.Tmpfs, Source.Length: > 0 } => "invalid tmpfs source, source must be empty",
                _ => null,
            };
            if (wrong is not null)
            {
                throw ControlException.Invalid(wrong);
            }
        }
    }

    /// <summary>Filled in for a task that could be: what fails here would fail on every node.</summary>
    internal static void CheckTemplates(ServiceSpec spec)
    {
        var container = spec.Task.Container;
        var task = new SwarmTask { Id = "id", ServiceId = "id", ServiceName = spec.Annotations.Name, ServiceLabels = spec.Annotations.Labels, NodeId = "id", Slot = 1, Name = "name", Spec = spec.Task };
        var template = new TaskTemplate(task, new NodeDescription());
        foreach (var (what, text) in container.Env.Select(one => ("env", one)).Append(("hostname", container.Hostname))
            .Concat(container.Mounts.SelectMany(mount => new[] { mount.Source, mount.Target }).Select(one => ("mounts", one))))
        {
            try
            {
                template.Expand(text);
            }
            catch (TemplateException e)
            {
                throw ControlException.Invalid($"expanding {what} failed: {e.Message}");
            }
        }
    }

    private static void CheckPrivileges(ContainerSpec container)
    {
        if (container.Labels.TryGetValue(PrivilegeLabels.Privileged, out var privileged) && privileged is not ("true" or "false"))
        {
            throw ControlException.Invalid($"ContainerSpec: container label {PrivilegeLabels.Privileged} must be true or false");
        }

        try
        {
            PrivilegeLabels.DevicesOf(container);
        }
        catch (FormatException e)
        {
            throw ControlException.Invalid($"ContainerSpec: container label {PrivilegeLabels.Devices}: {e.Message}");
        }

        if (container.Privileges is { } privileges && (privileges.Seccomp == SeccompMode.Custom) != (privileges.SeccompProfile.Length > 0))
        {
            throw ControlException.Invalid("ContainerSpec: a seccomp profile belongs to the mode custom, which needs one");
        }
    }

    private static void CheckHealth(Healthcheck? health)
    {
        if (health is null)
        {
            return;
        }

        Least(health.Interval, "Interval");
        Least(health.Timeout, "Timeout");
        Least(health.StartPeriod, "StartPeriod");
        Least(health.StartInterval, "StartInterval");
        if (health.Retries < 0)
        {
            throw ControlException.Invalid("ContainerSpec: Retries in HealthConfig cannot be negative");
        }

        static void Least(TimeSpan value, string name)
        {
            if (value != TimeSpan.Zero && value < MinHealthDuration)
            {
                throw ControlException.Invalid($"ContainerSpec: {name} in HealthConfig cannot be less than 1ms");
            }
        }
    }
}
