using Swarm.Commands;

namespace Swarm.Lab.Tests.Commands;

/// <summary>dockerd's command line and daemon.json, as far as they can be judged without a daemon.</summary>
public sealed class DaemonFlagsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("swarm-daemon-flags-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The flags of dockerd's documentation for Linux, with a value that is right.</summary>
    public static TheoryData<string, string> Documented => new()
    {
        { "add-runtime", "other=/bin/sh" }, { "allow-nondistributable-artifacts", "registry.example" }, { "bip", "10.9.0.1/24" }, { "bridge", "br9" },
        { "cdi-spec-dir", "/etc/cdi" }, { "cgroup-parent", "/x" }, { "containerd", "/run/c.sock" }, { "containerd-namespace", "a" },
        { "containerd-plugins-namespace", "b" }, { "cpu-rt-period", "1000" }, { "cpu-rt-runtime", "900" }, { "data-root", "/data" },
        { "default-address-pool", "base=172.30.0.0/16,size=24" }, { "default-cgroupns-mode", "host" }, { "default-gateway", "10.9.0.254" },
        { "default-gateway-v6", "fd00::1" }, { "default-ipc-mode", "shareable" }, { "default-network-opt", "bridge=com.docker.network.driver.mtu=1400" },
        { "default-runtime", "/bin/sh" }, { "default-shm-size", "32M" }, { "default-ulimit", "nofile=10:20" }, { "dns", "9.9.9.9" }, { "dns-opt", "ndots:1" },
        { "dns-search", "example.com" }, { "exec-opt", "native.cgroupdriver=cgroupfs" }, { "exec-root", "/run/x" }, { "fixed-cidr", "10.9.0.0/28" },
        { "fixed-cidr-v6", "fd00::/64" }, { "group", "root" }, { "host", "tcp://127.0.0.1:2375" }, { "host-gateway-ip", "10.0.0.1" },
        { "http-proxy", "http://proxy:3128" }, { "https-proxy", "http://proxy:3128" }, { "init-path", "/bin/sh" }, { "insecure-registry", "registry.example:5000" },
        { "ip", "127.0.0.1" }, { "label", "a=b" }, { "log-driver", "local" }, { "log-format", "json" }, { "log-level", "warn" }, { "log-opt", "max-size=1m" },
        { "max-concurrent-downloads", "4" }, { "max-concurrent-uploads", "4" }, { "max-download-attempts", "4" }, { "mtu", "1400" },
        { "network-control-plane-mtu", "1400" }, { "no-proxy", "localhost" }, { "node-generic-resource", "gpu=1" }, { "oom-score-adjust", "100" },
        { "pidfile", "/run/x.pid" }, { "registry-mirror", "https://mirror.example" }, { "seccomp-profile", "unconfined" }, { "shutdown-timeout", "3" },
        { "storage-driver", "overlay2" }, { "storage-opt", "overlay2.override_kernel_check=true" }, { "swarm-default-advertise-addr", "eth0" },
        { "tlscacert", "/ca.pem" }, { "tlscert", "/cert.pem" }, { "tlskey", "/key.pem" }, { "userland-proxy-path", "/x" },
    };

    public static TheoryData<string> DocumentedBools =>
    [
        "cri-containerd", "debug", "experimental", "icc", "init", "ip-forward", "ip-masq", "ip6tables", "iptables", "ipv6", "live-restore", "no-new-privileges", "raw-logs",
        "selinux-enabled", "tls", "tlsverify", "userland-proxy",
    ];

    [Theory]
    [MemberData(nameof(Documented))]
    public void Each_flag_takes_its_value_with_a_space_and_with_an_equals_sign(string name, string value)
    {
        Assert.Equal([value], new FlagReader(DaemonFlags.All).Read([$"--{name}", value], "dockerd").All(name));
        Assert.Equal([value], new FlagReader(DaemonFlags.All).Read([$"--{name}={value}"], "dockerd").All(name));
        Options($"--{name}", value);
    }

    [Theory]
    [MemberData(nameof(DocumentedBools))]
    public void Each_bool_is_true_alone_and_never_takes_the_next_word(string name)
    {
        var values = new FlagReader(DaemonFlags.All).Read([$"--{name}", "--mtu", "1"], "dockerd");
        Assert.True(values.Bool(name));
        Assert.False(new FlagReader(DaemonFlags.All).Read([$"--{name}=false"], "dockerd").Bool(name, otherwise: true));
        Assert.Equal("\"dockerd\" accepts no arguments.", Refusal($"--{name}", "true"));
    }

    [Theory]
    [InlineData("unknown flag: --nope", "--nope")]
    [InlineData("unknown shorthand flag: 'x' in -Dx", "-Dx")]
    [InlineData("flag needs an argument: --mtu", "--mtu")]
    [InlineData("flag needs an argument: 'H' in -DH", "-DH")]
    [InlineData("bad flag syntax: ---mtu", "---mtu")]
    [InlineData("invalid argument \"x\" for \"--mtu\" flag: strconv.ParseInt: parsing \"x\": invalid syntax", "--mtu=x")]
    [InlineData("invalid argument \"maybe\" for \"-D, --debug\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax", "-D=maybe")]
    [InlineData("invalid argument \"verbose\" for \"-l, --log-level\" flag: invalid logging level: verbose", "-l", "verbose")]
    [InlineData("invalid argument \"nokey\" for \"--label\" flag: bad attribute format: nokey", "--label", "nokey")]
    [InlineData("invalid argument \"devicemapper\" for \"-s, --storage-driver\" flag: storage driver devicemapper is not built: this daemon keeps layers in overlay2", "-s", "devicemapper")]
    [InlineData("\"dockerd\" accepts no arguments.", "daemon")]
    public void A_wrong_command_line_is_refused_with_dockerd_s_words(string message, params string[] words) => Assert.Equal(message, Refusal(words));

    [Theory]
    [InlineData("default IPC mode setting (x) is invalid; use \"shareable\" or \"private\"", "--default-ipc-mode=x")]
    [InlineData("specified default runtime 'nope' does not exist", "--default-runtime=nope")]
    [InlineData("runtime name 'runc' is reserved", "--add-runtime=runc=/bin/sh")]
    [InlineData("runtime 'a' was already defined", "--add-runtime=a=/bin/sh", "--add-runtime=a=/bin/true")]
    [InlineData("conflict labels for a=b and a=c", "--label=a=b", "--label=a=c")]
    [InlineData("failed to set log opts: unknown log opt 'nope' for json-file log driver", "--log-opt=nope=1")]
    [InlineData("failed to set log opts: logger: no log driver named 'journald' is registered", "--log-driver=journald")]
    [InlineData("ulimit soft limit must be less than or equal to hard limit: 20 > 10", "--default-ulimit=nofile=20:10")]
    [InlineData("You specified -b & --bip, mutually exclusive options. Please specify only one", "-b", "br9", "--bip=10.0.0.1/24")]
    [InlineData("You specified --iptables=false with --icc=false. ICC=false uses iptables to function. Please set --icc or --iptables to true", "--iptables=false", "--icc=false")]
    [InlineData("invalid fixed-cidr: 10.8.0.0/24 is not part of the bridge's network 10.9.0.0/24", "--bip=10.9.0.1/24", "--fixed-cidr=10.8.0.0/24")]
    [InlineData("invalid bind address (fd://docker.socket): should be a number from 3, or nothing for all sockets", "-H", "fd://docker.socket")]
    [InlineData("invalid bind address (fd://2): should be a number from 3, or nothing for all sockets", "-H", "fd://2")]
    [InlineData("invalid metrics-addr \"here\": it is to be ADDRESS:PORT", "--metrics-addr", "here")]
    [InlineData("invalid bind address (http://x): unsupported proto 'http'", "-H", "http://x")]
    [InlineData("username/password not allowed in URI \"https://xxxxx@mirror.example\"", "--registry-mirror=https://user:secret@mirror.example")]
    public void A_wrong_value_is_refused_before_anything_is_done(string message, params string[] words)
    {
        var refusal = Refusal(words);
        Assert.EndsWith(message, refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refusal.Replace("invalid argument \"https://user:secret@mirror.example\"", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_kept_is_refused_rather_than_ignored() => Assert.Contains("not built", Refusal("--rootless"), StringComparison.Ordinal);

    [Theory]
    [InlineData("127.0.0.1:9323", "127.0.0.1:9323")]
    [InlineData(":9323", "0.0.0.0:9323")]
    [InlineData("localhost:9323", "127.0.0.1:9323")]
    [InlineData("[::1]:9323", "[::1]:9323")]
    public void Metrics_are_served_where_it_is_said(string given, string endpoint) => Assert.Equal(endpoint, Options("--metrics-addr", given).Metrics!.ToString());

    [Fact]
    public void The_last_value_wins_and_lists_add_up()
    {
        var options = Options("--data-root", "/a", "--data-root=/b", "--label", "a=b", "--label=c=d", "-Hunix:///x.sock", "-H=tcp://[::1]:99", "-Dl", "warn", "-p", "/p");
        Assert.Equal("/b", options.DataRoot);
        Assert.Equal(["a=b", "c=d"], options.Labels);
        Assert.Equal(["unix:///x.sock", "tcp://[::1]:99"], options.Hosts);
        Assert.Equal((true, "/p"), (options.Debug, options.PidFile));
    }

    [Theory]
    [InlineData("", "unix:///var/run/docker.sock")]
    [InlineData("tcp://", "tcp://localhost:2375")]
    [InlineData(":9999", "tcp://localhost:9999")]
    [InlineData("10.0.0.1", "tcp://10.0.0.1:2375")]
    [InlineData("tcp://0.0.0.0:", "tcp://0.0.0.0:2375")]
    [InlineData("/a/b.sock", "unix:///a/b.sock")]
    public void Hosts_are_completed_as_docker_does(string given, string host) => Assert.Equal([host], Options("--host", given).Hosts);

    [Fact]
    public void Called_as_dockerd_it_lives_where_docker_does()
    {
        var options = new DaemonOptionsReader(DaemonPersona.Dockerd with { ConfigFile = null }, []).Read();
        Assert.Equal(("/var/lib/docker", "/var/run/docker", "/var/run/docker.pid"), (options.DataRoot, options.ExecRoot, options.PidFile));
        Assert.Equal(["unix:///var/run/docker.sock"], options.Hosts);
        Assert.Equal(("docker0", false), (options.Network.Bridge, options.Network.BridgeIsAsked));
    }

    [Fact]
    public void A_setting_of_the_file_means_what_its_flag_means()
    {
        var options = Read("""
            {
              "data-root": "/d", "debug": true, "labels": ["a=b"], "hosts": ["unix:///h.sock"], "mtu": 1400, "icc": false, "ip-masq": false,
              "default-address-pools": [{"base": "172.30.0.0/16", "size": 24}],
              "default-network-opts": {"bridge": {"com.docker.network.driver.mtu": "1234"}},
              "default-ulimits": {"nofile": {"Hard": 20, "Name": "nofile", "Soft": 10}},
              "log-driver": "json-file", "log-opts": {"max-size": "10m"}, "features": {"x": true}, "builder": {"gc": {"enabled": true}},
              "proxies": {"http-proxy": "http://u:p@proxy:80", "no-proxy": "*.test"},
              "runtimes": {"other": {"path": "/bin/sh", "runtimeArgs": ["--debug"]}}, "insecure-registries": ["10.0.0.0/8", "r.example"], "host-gateway-ip": "10.0.0.9",
              "dns": []
            }
            """);
        Assert.Equal(("/d", true, 1400, false, false), (options.DataRoot, options.Debug, options.Network.Mtu, options.Network.ContainersMeet, options.Network.Masquerade));
        Assert.Equal((10, 20), (options.Containers.Ulimits.Single().Soft, options.Containers.Ulimits.Single().Hard));
        Assert.Equal("10m", options.Containers.LogOptions["max-size"]);
        Assert.Equal("1234", options.Network.DriverOptions["bridge"]["com.docker.network.driver.mtu"]);
        Assert.Equal(24, options.Network.AddressPools.Single().Size);
        Assert.Equal(["--debug"], options.Runtimes["other"].Arguments);
        Assert.Equal("*.test", options.Registry.Proxies.Except);
        Assert.Contains("r.example", options.Registry.InsecureRegistries);
        Assert.Equal("10.0.0.9", options.Containers.HostGateways.Single().ToString());
        Assert.Contains(options.Remarks, remark => remark.StartsWith("builder has no meaning", StringComparison.Ordinal));
        Assert.True(options.Features["x"]);
    }

    [Theory]
    [InlineData("the following directives don't match any configuration option: nope, log-opt", """{"nope": 1, "log-opt": "x"}""")]
    [InlineData("json: cannot unmarshal string into Go struct field Config.debug of type bool", """{"debug": "yes"}""")]
    [InlineData("json: cannot unmarshal number into Go struct field Config.labels of type []string", """{"labels": 3}""")]
    [InlineData("labels: bad attribute format: x", """{"labels": ["x"]}""")]
    [InlineData("runtime a: either a runtimeType or a path must be configured", """{"runtimes": {"a": {}}}""")]
    public void A_wrong_file_is_refused(string message, string json) =>
        Assert.Equal($"unable to configure the Docker daemon with file {File()}: {message}", Assert.Throws<FlagException>(() => Read(json)).Message);

    [Fact]
    public void What_both_say_is_refused_and_proxies_do_not_tell_their_passwords()
    {
        var refusal = Assert.Throws<FlagException>(() => Read(
            """{"debug": false, "labels": ["a=b"], "http-proxy": "http://u:secret@p"}""", "--debug", "--label=x=y", "--label=z=0", "--http-proxy", "http://v:secret@q"));
        Assert.EndsWith(
            "the following directives are specified both as a flag and in the configuration file: debug: (from flag: true, from file: false), "
            + "labels: (from flag: [x=y z=0], from file: [a=b]), http-proxy: (from flag: http://xxxxx:xxxxx@q, from file: http://xxxxx:xxxxx@p)",
            refusal.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Runtimes_of_both_add_up() =>
        Assert.Equal(
            ["a", "b"],
            Read("""{"runtimes": {"a": {"path": "/bin/sh"}}}""", "--add-runtime", "b=/bin/sh").Runtimes.Keys.Where(name => name.Length == 1));

    [Theory]
    [InlineData("swarm", false, "daemon", "-D")]
    [InlineData("swarm", true, "-H", "unix:///x", "daemon")]
    [InlineData("swarm", false, "node", "ls")]
    public void The_daemon_s_words_are_found_behind_a_host(string program, bool hasHost, params string[] args)
    {
        Assert.NotEmpty(program);
        var words = DaemonCommand.WordsOf(args);
        Assert.Equal(args.Contains("daemon"), words is not null);
        Assert.Equal(hasHost, words?.Contains("unix:///x") == true);
    }

    [Theory]
    [InlineData("http://u:p@host:1/x", "http://xxxxx:xxxxx@host:1/x")]
    [InlineData("http://host/p@th", "http://host/p@th")]
    [InlineData("u:p@host", "xxxxx:xxxxx@host")]
    [InlineData("", "")]
    public void A_proxy_is_shown_without_its_password(string url, string shown) => Assert.Equal(shown, ProxyText.Masked(url));

    private static DaemonOptions Options(params string[] words) => new DaemonOptionsReader(DaemonPersona.Dockerd with { ConfigFile = null }, words).Read();

    private static string Refusal(params string[] words) => Assert.Throws<FlagException>(() => Options(words)).Message;

    private string File() => Path.Combine(_folder, "daemon.json");

    private DaemonOptions Read(string json, params string[] words)
    {
        System.IO.File.WriteAllText(File(), json);
        return Options(["--config-file", File(), .. words]);
    }
}
