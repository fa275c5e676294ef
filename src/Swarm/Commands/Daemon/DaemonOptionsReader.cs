using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using Swarm.Engine;

namespace Swarm.Commands;

/// <summary>From the command line and the configuration file to what they mean. Everything that is wrong is said before anything is done.</summary>
internal sealed class DaemonOptionsReader(DaemonPersona persona, IReadOnlyList<string> words)
{
    private readonly FlagReader _reader = new(DaemonFlags.All);

    /// <summary>The command line alone, for help, version and the file's name.</summary>
    public FlagValues CommandLine() => _reader.Read(words, persona.Program);

    /// <exception cref="FlagException">The command line, the file or both together are wrong.</exception>
    /// <exception cref="IOException">The file that was named cannot be read.</exception>
    public DaemonOptions Read()
    {
        var given = CommandLine();
        var file = FileOf(given);
        return Read(given.Over(file.Values), file) with { Again = Read };
    }

    private ConfigurationFile FileOf(FlagValues given) =>
        given.Given("config-file") is { } named ? ConfigurationFile.Read(named, given)
        : persona.ConfigFile is { } usual && File.Exists(usual) ? ConfigurationFile.Read(usual, given)
        : new ConfigurationFile();

    private DaemonOptions Read(FlagValues values, ConfigurationFile file)
    {
        Refuse(values);
        var tls = Tls(values);
        var (defaultRuntime, runtimes) = RuntimeSettings.Read(values, file.Runtimes);
        return new DaemonOptions
        {
            Hosts = Hosts(values, tls is not null),
            Tls = tls,
            PlainTcp = values.Has("tls") && !values.Bool("tls") && tls is null,
            SocketGroup = values.Last("group") is { } group ? (group.Length > 0 ? group : null) : persona.SocketGroup,
            SocketGroupIsAsked = values.Given("group") is not null,
            DataRoot = Path.GetFullPath(values.Given("data-root") ?? values.Given("graph") ?? persona.DataRoot),
            ExecRoot = Path.GetFullPath(values.Given("exec-root") ?? persona.ExecRoot),
            PidFile = values.Given("pidfile") is { } pidFile ? Path.GetFullPath(pidFile) : persona.PidFile,
            CgroupParent = Parent(values.Given("cgroup-parent") ?? persona.CgroupParent),
            Network = NetworkSettingsReader.Read(values, persona),
            Runtimes = runtimes,
            DefaultRuntime = defaultRuntime,
            RemapTo = values.Text("userns-remap"),
            Containers = ContainerDefaultsReader.Read(values),
            Registry = RegistrySettings.Read(values),
            PreferOfflineImages = Environment.GetEnvironmentVariable("DOCKER_SERVICE_PREFER_OFFLINE_IMAGE") == "1",
            Labels = Labels(values),
            GenericResources = values.All("node-generic-resource"),
            AdvertiseAddress = values.Given("advertise-addr"),
            DefaultAdvertiseAddress = values.Text("swarm-default-advertise-addr"),
            Peers = values.All("peer"),
            ShutdownTimeout = Timeout(values),
            AuthorizationPlugins = [.. values.All("authorization-plugin").Distinct()],
            Metrics = values.Given("metrics-addr") is { } metrics ? Endpoint(metrics) : null,
            OomScoreAdjust = values.Last("oom-score-adjust") is { } score ? Score(score) : null,
            CdiFolders = CdiFolders(values),
            Features = values.Map("feature").ToDictionary(pair => pair.Key, pair => Feature(pair.Key, pair.Value)),
            Debug = values.Bool("debug"),
            LogLevel = Level(values.Text("log-level", "info")),
            JsonLogs = values.Text("log-format") == "json",
            Experimental = values.Bool("experimental"),
            Remarks = Remarks(values, file),
        };
    }

    /// <summary>On unless the feature is off or the only folder has no name, as in dockerd.</summary>
    private static IReadOnlyList<string> CdiFolders(FlagValues values)
    {
        var isOff = values.Map("feature").TryGetValue("cdi", out var feature) && !Feature("cdi", feature);
        IReadOnlyList<string> folders = values.All("cdi-spec-dir");
        return isOff || folders is [""] ? [] : folders.Count > 0 ? folders : EngineOptions.DefaultCdiFolders;
    }

    /// <summary>What would be ignored at somebody's peril.</summary>
    private static void Refuse(FlagValues values)
    {
        if (values.Bool("rootless"))
        {
            throw new FlagException("rootless mode is not built: the daemon needs root");
        }

        if (Environment.GetEnvironmentVariable("DOCKER_MIN_API_VERSION") is { Length: > 0 } minimum && Swarm.Api.Http.ApiVersion.WrongMinimum(minimum) is { } why)
        {
            throw new FlagException($"invalid DOCKER_MIN_API_VERSION: {why}");
        }
    }

    private List<string> Hosts(FlagValues values, bool tls)
    {
        try
        {
            var hosts = values.All("host").Select(text => DaemonHosts.Normal(text, tls, persona.Socket)).Distinct().ToList();
            return hosts.Count > 0 ? hosts : ["unix://" + persona.Socket];
        }
        catch (FormatException e)
        {
            throw new FlagException(e.Message);
        }
    }

    /// <summary>--tlsverify in any form means TLS; TLS verifies clients unless --tlsverify=false (dockerd's own rules).</summary>
    private static DaemonTls? Tls(FlagValues values)
    {
        var byEnvironment = Environment.GetEnvironmentVariable("DOCKER_TLS_VERIFY") is { Length: > 0 };
        if (!values.Bool("tls") && !values.Has("tlsverify") && !byEnvironment)
        {
            return null;
        }

        var folder = Environment.GetEnvironmentVariable("DOCKER_CERT_PATH") is { Length: > 0 } certificates ? certificates
            : Path.Combine(Environment.GetEnvironmentVariable("DOCKER_CONFIG") is { Length: > 0 } configuration ? configuration
                : Path.Combine(Environment.GetEnvironmentVariable("HOME") ?? "/root", ".docker"));
        var verifies = values.Has("tlsverify") ? values.Bool("tlsverify") : true;
        return new DaemonTls(
            !verifies ? null : values.Given("tlscacert") ?? Path.Combine(folder, "ca.pem"),
            values.Given("tlscert") ?? Path.Combine(folder, "cert.pem"),
            values.Given("tlskey") ?? Path.Combine(folder, "key.pem"),
            verifies);
    }

    private static string Parent(string text) => text.Contains("..", StringComparison.Ordinal)
        ? throw new FlagException($"invalid cgroup-parent \"{text}\"")
        : text.Trim('/');

    /// <summary>A key with two values is a mistake, one that is said twice is not.</summary>
    private static List<string> Labels(FlagValues values)
    {
        var labels = values.All("label").Distinct().ToList();
        foreach (var same in labels.GroupBy(label => label.Split('=', 2)[0]).Where(group => group.Count() > 1))
        {
            throw new FlagException($"conflict labels for {string.Join(" and ", same)}");
        }

        return labels;
    }

    private static TimeSpan Timeout(FlagValues values) => values.Last("shutdown-timeout") is { } text && int.Parse(text, CultureInfo.InvariantCulture) is var seconds
        ? seconds < 0 ? System.Threading.Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(seconds)
        : new DaemonOptions { Hosts = [], DataRoot = "", ExecRoot = "", CgroupParent = "", Network = new NetworkSettings { Bridge = "" } }.ShutdownTimeout;

    /// <summary>address:port, or :port for every address.</summary>
    private static IPEndPoint Endpoint(string text)
    {
        var colon = text.LastIndexOf(':');
        var host = colon < 0 ? text : text[..colon].Trim('[', ']');
        var address = host switch { "" => IPAddress.Any, "localhost" => IPAddress.Loopback, _ => IPAddress.TryParse(host, out var parsed) ? parsed : null };
        return address is not null && colon >= 0 && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            ? new IPEndPoint(address, port)
            : throw new FlagException($"invalid metrics-addr \"{text}\": it is to be ADDRESS:PORT");
    }

    private static int Score(string text) => int.Parse(text, CultureInfo.InvariantCulture) is >= -1000 and <= 1000 and var score
        ? score
        : throw new FlagException($"invalid oom-score-adjust {text}: it is to be -1000 to 1000");

    private static bool Feature(string name, string text) => text.Length == 0 || (GoBool.Parse(text) ?? throw new FlagException($"invalid value for feature {name}: \"{text}\" is not a bool"));

    private static LogLevel Level(string text) => text.ToLowerInvariant() switch
    {
        "trace" => LogLevel.Trace,
        "debug" => LogLevel.Debug,
        "warn" => LogLevel.Warning,
        "error" => LogLevel.Error,
        "fatal" or "panic" => LogLevel.Critical,
        _ => LogLevel.Information,
    };

    private static List<string> Remarks(FlagValues values, ConfigurationFile file) =>
    [
        .. DaemonFlags.All.Where(flag => flag.Remark is not null && values.Has(flag.Name)).Select(flag => $"--{flag.Name} {flag.Remark}"),
        .. file.WithoutFlag.Select(key => $"{key} {DaemonFlags.FileOnly[key]}"),
    ];
}
