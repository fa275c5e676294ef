using Swarm.Api.Client;
using Swarm.Api.Wire;
using Swarm.Compose.Tree;

namespace Swarm.Compose.Conversion;

/// <summary>Volumes and tmpfs of a service.</summary>
internal static class MountConversion
{
    internal static IReadOnlyList<Mount>? Convert(Section service, ConversionContext context)
    {
        var mounts = service.Maps("volumes").Select(volume => One(volume, context)).ToList();
        mounts.AddRange((service.Texts("tmpfs") ?? []).Select(text => Tmpfs(text, service)));
        if (service.Bytes("shm_size") is { } size)
        {
            mounts.Add(new Mount { Type = "tmpfs", Target = "/dev/shm", TmpfsOptions = new TmpfsOptions { SizeBytes = size } });
        }

        return mounts.Count == 0 ? null : mounts;
    }

    /// <summary>The keys of a volume are looked at also if no service uses it.</summary>
    internal static void Check(string key, Section section, ConversionContext context) => Volume(key, section, context);

    private static Mount One(Section volume, ConversionContext context)
    {
        var type = volume.Word("type", "bind", "volume", "tmpfs", "npipe", "cluster", "image") ?? throw volume.Wrong("type is missing");
        if (type is "npipe" or "cluster" or "image")
        {
            throw volume.Wrong($"a mount of type {type} is not possible: use volume, bind or tmpfs");
        }

        var source = volume.Text("source");
        var mount = new Mount
        {
            Type = type,
            Target = volume.Text("target") ?? throw volume.Wrong("target is missing"),
            ReadOnly = volume.Flag("read_only"),
            Consistency = volume.Text("consistency"),
            BindOptions = volume.Map("bind") is { } bind ? Bind(bind) : null,
            TmpfsOptions = volume.Map("tmpfs") is { } tmpfs ? TmpfsOptions(tmpfs) : null,
            VolumeOptions = volume.Map("volume") is { } own ? VolumeOptions(own) : null,
        };
        volume.End();
        if (type == "bind" && source is null)
        {
            throw volume.Wrong("a bind mount needs a source");
        }

        return type == "volume" && source is { Length: > 0 } ? Named(mount, source, volume, context) : mount with { Source = source };
    }

    private static Mount Named(Mount mount, string key, Section from, ConversionContext context)
    {
        var section = context.Find("volumes", key) ?? throw from.Wrong($"there is no volume '{key}'");
        var (name, options) = Volume(key, section, context);
        return mount with
        {
            Source = name,
            VolumeOptions = options is null ? mount.VolumeOptions : (mount.VolumeOptions ?? new VolumeOptions()) with
            {
                Labels = options.Labels!.Concat(mount.VolumeOptions?.Labels ?? new Dictionary<string, string?>()).DistinctBy(pair => pair.Key).ToDictionary(),
                DriverConfig = options.DriverConfig,
            },
        };
    }

    /// <summary>No options for a volume that is made elsewhere.</summary>
    private static (string Name, VolumeOptions? Options) Volume(string key, Section section, ConversionContext context)
    {
        var (name, isExternal) = context.NameOf(key, section);
        var (driver, options) = (section.Text("driver"), section.Pairs("driver_opts"));
        var labels = StackLabels.With(context.Stack, NetworkConversion.LabelsOf(section));
        section.End();
        return (name, isExternal ? null : new VolumeOptions
        {
            Labels = labels,
            DriverConfig = driver is null && options is null ? null : new Driver { Name = driver, Options = options },
        });
    }

    private static BindOptions Bind(Section bind)
    {
        var options = new BindOptions
        {
            Propagation = bind.Text("propagation"),
            CreateMountpoint = bind.Flag("create_host_path"),
            NonRecursive = bind.Word("recursive", "enabled", "disabled", "writable", "readonly") == "disabled" ? true : null,
        };
        bind.Ignore("selinux");
        bind.End();
        return options;
    }

    private static TmpfsOptions TmpfsOptions(Section tmpfs)
    {
        var options = new TmpfsOptions { SizeBytes = tmpfs.Bytes("size"), Mode = tmpfs.Mode("mode") };
        tmpfs.End();
        return options;
    }

    private static VolumeOptions VolumeOptions(Section volume)
    {
        var options = new VolumeOptions { NoCopy = volume.Flag("nocopy"), Subpath = volume.Text("subpath"), Labels = NetworkConversion.LabelsOf(volume) };
        volume.End();
        return options;
    }

    /// <summary>`/target[:size=64m,mode=1777]`.</summary>
    private static Mount Tmpfs(string text, Section service)
    {
        var parts = text.Split(':', 2);
        TmpfsOptions? options = null;
        foreach (var option in parts.Length > 1 ? parts[1].Split(',') : [])
        {
            options = option.Split('=', 2) switch
            {
                ["size", var size] when HumanSize.TryParse(size, out var bytes) => (options ?? new TmpfsOptions()) with { SizeBytes = bytes },
                ["mode", var mode] when mode.Length is > 0 and < 9 && mode.All(c => c is >= '0' and <= '7') => (options ?? new TmpfsOptions()) with { Mode = System.Convert.ToUInt32(mode, 8) },
                _ => throw service.Wrong("tmpfs", $"'{option}' is not possible: give size and mode"),
            };
        }

        return new Mount { Type = "tmpfs", Target = parts[0], TmpfsOptions = options };
    }
}
