using System.Text.Json;
using Swarm.Api.Wire;
using Swarm.Compose.Loading;
using Swarm.Compose.Tree;
using Swarm.Compose.Variables;
using Swarm.Model;
using ContainerSpec = Swarm.Api.Wire.ContainerSpec;
using Privileges = Swarm.Api.Wire.Privileges;
using Ulimit = Swarm.Api.Wire.Ulimit;

namespace Swarm.Compose.Conversion;

/// <summary>What a service's containers are.</summary>
internal static class ContainerConversion
{
    internal static ContainerSpec Convert(Section service, string image, ConversionContext context)
    {
        var spec = new ContainerSpec
        {
            Image = image,
            Labels = Labels(service, context),
            Command = Words(service, "entrypoint"),
            Args = Words(service, "command"),
            Hostname = service.Text("hostname"),
            Env = Environment(service, context),
            Dir = service.Text("working_dir"),
            User = service.Text("user"),
            Groups = service.Texts("group_add"),
            Privileges = Security(service, context),
            Init = service.Flag("init"),
            StopSignal = service.Text("stop_signal"),
            TTY = service.Flag("tty"),
            OpenStdin = service.Flag("stdin_open"),
            ReadOnly = service.Flag("read_only"),
            Mounts = MountConversion.Convert(service, context),
            StopGracePeriod = service.Duration("stop_grace_period"),
            Healthcheck = service.Map("healthcheck") is { } check ? Health(check) : null,
            Hosts = Hosts(service),
            DNSConfig = Dns(service),
            Secrets = FileConversion.Secrets(service, context),
            Configs = FileConversion.Configs(service, context),
            Isolation = service.Text("isolation"),
            Sysctls = service.Pairs("sysctls"),
            CapabilityAdd = service.Texts("cap_add"),
            CapabilityDrop = service.Texts("cap_drop"),
            Ulimits = service.Map("ulimits") is { } limits ? Ulimits(limits) : null,
            OomScoreAdj = service.Whole("oom_score_adj"),
        };
        return spec;
    }

    private static Dictionary<string, string?> Labels(Section service, ConversionContext context)
    {
        var labels = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var file in service.Texts("label_file") ?? [])
        {
            foreach (var (key, value) in EnvironmentFile.Read(file, context.Variables))
            {
                labels[key] = value ?? "";
            }
        }

        foreach (var (key, value) in service.Pairs("labels") ?? new Dictionary<string, string?>())
        {
            labels[key] = value ?? "";
        }

        if (service.Flag("privileged") == true)
        {
            labels[PrivilegeLabels.Privileged] = "true";
        }

        if (Devices(service) is { Length: > 0 } devices)
        {
            labels[PrivilegeLabels.Devices] = devices;
        }

        return StackLabels.With(context.Stack, labels);
    }

    private static string? Devices(Section service)
    {
        if (service.Value("devices") is not ComposeList list)
        {
            return null;
        }

        return string.Join(',', list.Items.All(item => item is ComposeScalar) ? service.Texts("devices")!.Select(Device) : service.Maps("devices").Select(device =>
        {
            var source = device.Text("source") ?? throw device.Wrong("source is missing");
            var text = $"{source}:{device.Text("target") ?? source}:{device.Text("permissions") ?? "rwm"}";
            device.End();
            return Device(text);
        }));

        string Device(string text) => text.StartsWith('/') && !text.Contains(',', StringComparison.Ordinal)
            ? text
            : throw service.Wrong("devices", $"'{text}' is no device: write /dev/HOST:/dev/CONTAINER:rwm");
    }

    /// <summary>Variables from files come first, the service's own after. One without a value has the caller's, or none at all.</summary>
    private static IReadOnlyList<string>? Environment(Section service, ConversionContext context)
    {
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in service.Maps("env_file"))
        {
            var path = file.Text("path") ?? throw file.Wrong("path is missing");
            var isRaw = file.Word("format", "raw") is not null;
            if (file.Flag("required") == false && !File.Exists(path))
            {
                file.End();
                continue;
            }

            file.End();
            foreach (var (name, value) in isRaw ? EnvironmentFile.ReadRaw(path) : EnvironmentFile.Read(path, context.Variables))
            {
                Set(name, value);
            }
        }

        foreach (var (name, value) in service.Pairs("environment") ?? new Dictionary<string, string?>())
        {
            Set(name, value);
        }

        return all.Count == 0 ? null : [.. all.Select(pair => $"{pair.Key}={pair.Value}")];

        void Set(string name, string? value)
        {
            if ((value ?? context.Variables(name)) is { } known)
            {
                all[name] = known;
            }
        }
    }

    /// <summary>A list, or one line that is split as a shell does.</summary>
    private static IReadOnlyList<string>? Words(Section service, string key)
    {
        if (service.Value(key) is not ComposeScalar line)
        {
            return service.Texts(key);
        }

        try
        {
            return ShellWords.Split(line.Text);
        }
        catch (FormatException e)
        {
            throw service.Wrong(key, e.Message);
        }
    }

    private static HealthConfig Health(Section check)
    {
        var isOff = check.Flag("disable") == true;
        var test = check.Texts("test");
        var health = new HealthConfig
        {
            Test = isOff ? ["NONE"] : test,
            Interval = check.Duration("interval"),
            Timeout = check.Duration("timeout"),
            StartPeriod = check.Duration("start_period"),
            StartInterval = check.Duration("start_interval"),
            Retries = (int?)check.Count("retries"),
        };
        check.End();
        return isOff || test is null or ["NONE" or "CMD" or "CMD-SHELL", ..] ? health : throw check.Wrong("test", "it begins with NONE, CMD or CMD-SHELL");
    }

    private static IReadOnlyList<string>? Hosts(Section service)
    {
        if (service.Map("extra_hosts") is not { } hosts)
        {
            return null;
        }

        return [.. hosts.Keys.SelectMany(name => hosts.Texts(name)!.Select(address => $"{address.Trim('[', ']')} {name}"))];
    }

    private static DNSConfig? Dns(Section service)
    {
        var dns = new DNSConfig { Nameservers = service.Texts("dns"), Search = service.Texts("dns_search"), Options = service.Texts("dns_opt") };
        return dns == new DNSConfig() ? null : dns;
    }

    private static List<Ulimit> Ulimits(Section limits) => [.. limits.Keys.ToList().Select(name =>
    {
        if (limits.Value(name) is ComposeScalar)
        {
            var both = limits.Whole(name);
            return new Ulimit { Name = name, Soft = both, Hard = both };
        }

        var pair = limits.Map(name)!;
        var limit = new Ulimit { Name = name, Soft = pair.Whole("soft"), Hard = pair.Whole("hard") };
        pair.End();
        return limit;
    })];

    private static Privileges? Security(Section service, ConversionContext context)
    {
        Privileges? privileges = null;
        foreach (var option in service.Texts("security_opt") ?? [])
        {
            var parts = option.Split(['=', ':'], 2);
            privileges = (parts[0], parts.ElementAtOrDefault(1)) switch
            {
                ("no-new-privileges", null or "true") => (privileges ?? new()) with { NoNewPrivileges = true },
                ("no-new-privileges", "false") => privileges,
                ("seccomp", "unconfined") => (privileges ?? new()) with { Seccomp = new SeccompOpts { Mode = "unconfined" } },
                ("seccomp", { } file) => (privileges ?? new()) with { Seccomp = new SeccompOpts { Mode = "custom", Profile = Profile(file) } },
                ("apparmor", "unconfined") => (privileges ?? new()) with { AppArmor = new AppArmorOpts { Mode = "disabled" } },
                ("label", "disable") => (privileges ?? new()) with { SELinuxContext = new Api.Wire.SELinuxContext { Disable = true } },
                _ => throw service.Wrong("security_opt", $"'{option}' is not possible in services"),
            };
        }

        return privileges;

        byte[] Profile(string file)
        {
            try
            {
                var bytes = File.ReadAllBytes(ComposePaths.Absolute(context.Folder, file));
                using var json = JsonDocument.Parse(bytes);
                return bytes;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
            {
                throw service.Wrong("security_opt", $"{file}: {e.Message}");
            }
        }
    }
}
