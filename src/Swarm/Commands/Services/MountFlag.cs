using System.Globalization;
using Swarm.Api.Client;
using Swarm.Api.Wire;
using Swarm.Commands.Text;

namespace Swarm.Commands.Services;

/// <summary>Docker's `--mount type=bind,source=/a,target=/b,readonly`.</summary>
internal static class MountFlag
{
    public static Mount Parse(string text)
    {
        var mount = new Mount { Type = "volume" };
        foreach (var word in text.Split(','))
        {
            var (key, value) = KeyValues.Parse(word.Trim());
            var bare = !word.Contains('=', StringComparison.Ordinal);
            var on = bare || value is "true" or "1";
            mount = key.ToLowerInvariant() switch
            {
                "type" => mount with { Type = value!.ToLowerInvariant() },
                "source" or "src" => mount with { Source = value },
                "target" or "dst" or "destination" => mount with { Target = value },
                "readonly" or "ro" => mount with { ReadOnly = on },
                "consistency" => mount with { Consistency = value },
                "bind-propagation" => mount with { BindOptions = (mount.BindOptions ?? new BindOptions()) with { Propagation = value } },
                "bind-nonrecursive" => mount with { BindOptions = (mount.BindOptions ?? new BindOptions()) with { NonRecursive = on } },
                "volume-nocopy" => mount with { VolumeOptions = (mount.VolumeOptions ?? new VolumeOptions()) with { NoCopy = on } },
                "volume-subpath" => mount with { VolumeOptions = (mount.VolumeOptions ?? new VolumeOptions()) with { Subpath = value } },
                "volume-driver" => mount with { VolumeOptions = (mount.VolumeOptions ?? new VolumeOptions()) with { DriverConfig = (mount.VolumeOptions?.DriverConfig ?? new Driver()) with { Name = value } } },
                "volume-label" => mount with { VolumeOptions = (mount.VolumeOptions ?? new VolumeOptions()) with { Labels = KeyValues.Changed(mount.VolumeOptions?.Labels, [value!], null) } },
                "tmpfs-size" => HumanSize.TryParse(value!, out var size)
                    ? mount with { TmpfsOptions = (mount.TmpfsOptions ?? new TmpfsOptions()) with { SizeBytes = size } }
                    : throw Invalid(key, value),
                "tmpfs-mode" => uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _)
                    ? mount with { TmpfsOptions = (mount.TmpfsOptions ?? new TmpfsOptions()) with { Mode = Octal(key, value!) } }
                    : throw Invalid(key, value),
                _ => throw new CommandException($"invalid argument \"{text}\" for \"--mount\" flag: unknown option '{key}' in '{word}'", isUsage: true),
            };
        }

        return string.IsNullOrEmpty(mount.Target)
            ? throw new CommandException($"invalid argument \"{text}\" for \"--mount\" flag: target is required", isUsage: true)
            : mount;
    }

    private static uint Octal(string key, string value)
    {
        try
        {
            return Convert.ToUInt32(value, 8);
        }
        catch (FormatException)
        {
            throw Invalid(key, value);
        }
    }

    private static CommandException Invalid(string key, string? value) => new($"invalid value for {key}: {value}", isUsage: true);
}
