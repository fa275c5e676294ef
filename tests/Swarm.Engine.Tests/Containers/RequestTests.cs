using System.Text.Json;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Images;
using Swarm.Engine.Runtime;

namespace Swarm.Engine.Tests.Containers;

/// <summary>What a create request means, before anything is made.</summary>
public sealed class RequestTests
{
    public static TheoryData<HostConfig, int> Refused => new()
    {
        { new HostConfig { UsernsMode = "private" }, 400 },
        { new HostConfig { PidMode = "shared" }, 400 },
        { new HostConfig { IpcMode = "container:" }, 400 },
        { new HostConfig { NetworkMode = "container:" }, 400 },
        { new HostConfig { NetworkMode = "container:x", Dns = ["1.1.1.1"] }, 400 },
        { new HostConfig { DeviceCgroupRules = ["a everything"] }, 400 },
        { new HostConfig { SecurityOpt = ["seccomp={}"] }, 400 },
        { new HostConfig { SecurityOpt = ["wings=on"] }, 400 },
        { new HostConfig { StorageOpt = new() { ["size"] = "1G" } }, 400 },
        { new HostConfig { CpusetCpus = "0-" }, 400 },
        { new HostConfig { NanoCpus = long.MaxValue }, 400 },
        { new HostConfig { OomScoreAdj = 1001 }, 400 },
        { new HostConfig { BlkioWeight = 5 }, 400 },
        { new HostConfig { Memory = 1 << 20 }, 400 },
        { new HostConfig { CapAdd = ["FLYING"] }, 400 },
        { new HostConfig { RestartPolicy = new RestartPolicy { Name = "sometimes" } }, 400 },
        { new HostConfig { AutoRemove = true, RestartPolicy = new RestartPolicy { Name = "always" } }, 400 },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_is_not_built_or_wrong_is_refused_and_not_ignored(HostConfig host, int status) =>
        Assert.Equal(status, Assert.Throws<EngineException>(() => HostConfigSupport.Check(new ContainerConfig(), host)).Status);

    [Fact]
    public void What_the_CLI_sends_for_a_plain_run_is_accepted()
    {
        const string body = """
            {"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":true,"AttachStderr":true,"Tty":false,"OpenStdin":false,"StdinOnce":false,
             "Env":null,"Cmd":["true"],"Image":"busybox","Volumes":{},"WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":{},
             "HostConfig":{"Binds":null,"ContainerIDFile":"","LogConfig":{"Type":"","Config":{}},"NetworkMode":"default","PortBindings":{},
              "RestartPolicy":{"Name":"no","MaximumRetryCount":0},"AutoRemove":true,"VolumeDriver":"","VolumesFrom":null,"ConsoleSize":[0,0],"CapAdd":null,
              "CapDrop":null,"CgroupnsMode":"","Dns":[],"DnsOptions":[],"DnsSearch":[],"ExtraHosts":null,"GroupAdd":null,"IpcMode":"","Cgroup":"","Links":null,
              "OomScoreAdj":0,"PidMode":"","Privileged":false,"PublishAllPorts":false,"ReadonlyRootfs":false,"SecurityOpt":null,"UTSMode":"","UsernsMode":"",
              "ShmSize":0,"Isolation":"","CpuShares":0,"Memory":0,"NanoCpus":0,"CgroupParent":"","BlkioWeight":0,"BlkioWeightDevice":[],
              "BlkioDeviceReadBps":[],"Devices":[],"DeviceCgroupRules":null,"DeviceRequests":null,"MemorySwappiness":-1,"OomKillDisable":false,"PidsLimit":0,
              "Ulimits":[],"MaskedPaths":null,"ReadonlyPaths":null},"NetworkingConfig":{"EndpointsConfig":{"default":{"IPAMConfig":null,"Links":null}}}}
            """;
        var request = JsonSerializer.Deserialize(body, EngineJson.Default.ContainerCreateRequest)!;
        HostConfigSupport.Check(request, request.HostConfig!);
        Assert.Equal(["true"], request.Cmd!);
    }

    [Fact]
    public void A_command_replaces_the_images_and_an_entrypoint_drops_its_command()
    {
        var image = new ImageConfig { Entrypoint = ["/entry"], Cmd = ["default"] };
        Assert.Equal(["/entry", "default"], ImageDefaults.Apply(new ContainerConfig(), image, "x").Command);
        Assert.Equal(["/entry", "mine"], ImageDefaults.Apply(new ContainerConfig { Cmd = ["mine"] }, image, "x").Command);
        Assert.Equal(["/other"], ImageDefaults.Apply(new ContainerConfig { Entrypoint = ["/other"] }, image, "x").Command);
        Assert.Equal(["mine"], ImageDefaults.Apply(new ContainerConfig { Entrypoint = [""], Cmd = ["mine"] }, image, "x").Command);
    }

    [Fact]
    public void The_later_value_of_a_variable_wins_and_a_bare_name_removes_it() =>
        Assert.Equal(["B=2", "C=3"], SpecWriter.Overlay(["A=1", "B=1"], ["B=2", "A", "C=3"]));

    [Fact]
    public void Nulls_in_lists_are_empty_texts_and_records()
    {
        const string body = """{"Image":"i","Cmd":[null],"Env":[null],"Labels":{"a":null},"HostConfig":{"Binds":[null],"Mounts":[null],"Ulimits":[null],"CapAdd":[null],"PortBindings":{"1/tcp":[null]}}}""";
        var request = JsonSerializer.Deserialize(body, EngineJson.Default.ContainerCreateRequest)!.Filled();
        Assert.Equal(("", "", "", ""), (request.Cmd![0], request.Env![0], request.Labels!["a"], request.HostConfig!.Binds![0]));
        Assert.All([request.HostConfig.Mounts![0] as object, request.HostConfig.Ulimits![0], request.HostConfig.PortBindings!["1/tcp"]![0]], Assert.NotNull);
        Assert.Throws<EngineException>(() => HostConfigSupport.Check(request, request.HostConfig));
    }

    [Fact]
    public void An_update_keeps_what_it_does_not_name_and_refuses_what_cannot_be()
    {
        var old = new HostConfig { Memory = 64 << 20, MemorySwap = 128 << 20, CpuShares = 512, AutoRemove = true };
        var updated = ContainerUpdate.Merge(old, new HostConfig { CpuShares = 256 });
        Assert.Equal((64L << 20, 256L), (updated.Memory, updated.CpuShares));
        Assert.Throws<EngineException>(() => ContainerUpdate.Merge(old, new HostConfig { Memory = 256 << 20 }));
        Assert.Throws<EngineException>(() => ContainerUpdate.Merge(old, new HostConfig { RestartPolicy = new RestartPolicy { Name = "always" } }));
    }

    [Fact]
    public void A_profile_keeps_the_rules_that_hold_for_the_containers_capabilities()
    {
        const string profile = """
            {"defaultAction":"SCMP_ACT_ERRNO","archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]}],
             "syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"},
                         {"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}},
                         {"names":["clone3"],"action":"SCMP_ACT_ERRNO","errnoRet":38,"excludes":{"caps":["CAP_SYS_ADMIN"]}},
                         {"names":["new"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"99.1"}}]}
            """;
        Assert.Equal(["read", "clone3"], SeccompFile.Parse(profile, new HashSet<string>()).Syscalls.SelectMany(s => s.Names));
        Assert.Equal(["read", "mount"], SeccompFile.Parse(profile, new HashSet<string> { "CAP_SYS_ADMIN" }).Syscalls.SelectMany(s => s.Names));
    }

    [Theory]
    [InlineData("vol:/data:ro", MountKind.Volume, "vol", "/data", true)]
    [InlineData("/:/host/root:rslave", MountKind.Bind, "", "/host/root", false)]
    public void Binds_are_volumes_or_folders(string bind, MountKind kind, string name, string destination, bool readOnly)
    {
        var mount = Assert.Single(MountResolution.Of(new ContainerConfig(), new HostConfig { Binds = [bind] }, "/data")).Mount;
        Assert.Equal((kind, name, destination, readOnly), (mount.Kind, mount.Name, mount.Destination, mount.ReadOnly));
    }

    [Theory]
    [InlineData("root", "", "rslave")]
    [InlineData(".", "rshared", "rshared")]
    [InlineData("/", "", "rslave")]
    [InlineData("/", "rslave", "rslave")]
    [InlineData("root2", "", "rprivate")]
    [InlineData("other", "private", "private")]
    [InlineData(".", "private", null)]
    [InlineData("root/containers", "rprivate", null)]
    [InlineData("/", "shared", null)]
    public void What_holds_the_engines_own_mounts_hears_when_they_go(string place, string asked, string? propagation)
    {
        using var folder = new Layers.TemporaryFolder();
        var root = folder["root"];
        var source = Path.GetFullPath(Path.Combine(folder[""], place));
        Directory.CreateDirectory(source);
        var mount = new MountRequest { Type = "bind", Source = source, Target = "/d", BindOptions = new BindOptions { Propagation = asked } };
        Assert.Equal(propagation, Seen(new HostConfig { Mounts = [mount] }));
        Assert.Equal(propagation, Seen(new HostConfig { Binds = [asked.Length > 0 ? $"{source}:/d:{asked}" : $"{source}:/d"] }));

        string? Seen(HostConfig host)
        {
            try
            {
                return Assert.Single(MountResolution.Of(new ContainerConfig(), host, root)).Mount.Propagation;
            }
            catch (EngineException refused)
            {
                Assert.Equal(400, refused.Status);
                Assert.Contains("must use either propagation mode \"rslave\" or \"rshared\" when mount source is within the daemon root", refused.Message, StringComparison.Ordinal);
                return null;
            }
        }
    }

    [Fact]
    public void Two_mounts_at_one_place_are_refused() => Assert.Contains(
        "Duplicate mount point: /d",
        Assert.Throws<EngineException>(() => MountResolution.Of(new ContainerConfig(), new HostConfig { Binds = ["a:/d", "b:/d/"] }, "/data")).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("SIGTERM", 15)]
    [InlineData("kill", 9)]
    [InlineData("10", 10)]
    [InlineData("RTMIN+3", 37)]
    public void Signals_have_names_and_numbers(string text, int number) => Assert.Equal(number, Signals.Parse(text, 1));

    [Fact]
    public void Capabilities_never_exceed_our_own()
    {
        const ulong withoutChown = ~1UL;
        Assert.DoesNotContain("CAP_CHOWN", CapabilitySet.Of(["ALL"], null, withoutChown));
        Assert.Equal(["CAP_KILL"], CapabilitySet.Of(["KILL"], ["ALL"], ulong.MaxValue));
    }

    [Fact]
    public void Detach_keys_are_found_across_reads_and_only_in_order()
    {
        var keys = DetachKeys.Parse("");
        Assert.Equal(-1, keys.Find([(byte)'a', 17, 16]));
        Assert.Equal(0, keys.Find([17]));
        Assert.Equal(1, DetachKeys.Parse("").Find([(byte)'a', 16, 17]));
    }
}
