using System.Text.Json;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Tests.Containers;

/// <summary>What a client left out is answered as Go answers it: a text is empty, a list null, and what may be missing is missing.</summary>
public sealed class ShownConfigTests
{
    [Fact]
    public void Text_that_nobody_gave_is_empty()
    {
        using var shown = Show(new HostConfig { PortBindings = new() { ["80/tcp"] = [new PortBinding { HostPort = "8080" }] } });
        foreach (var name in (string[])["ContainerIDFile", "VolumeDriver", "Cgroup", "CgroupParent", "CpusetCpus", "CpusetMems", "Isolation", "PidMode", "UTSMode", "UsernsMode"])
        {
            Assert.Equal("", shown.RootElement.GetProperty(name).GetString());
        }

        Assert.Equal("""[{"HostIp":"","HostPort":"8080"}]""", shown.RootElement.GetProperty("PortBindings").GetProperty("80/tcp").GetRawText());
        Assert.Equal(JsonValueKind.Null, shown.RootElement.GetProperty("CapAdd").ValueKind);
    }

    [Fact]
    public void What_docker_leaves_out_is_left_out()
    {
        using var shown = Show(new HostConfig { Mounts = [new MountRequest { Type = "tmpfs", Target = "/t", TmpfsOptions = new TmpfsOptions { SizeBytes = 4096 } }] });
        foreach (var name in (string[])["Annotations", "StorageOpt", "Tmpfs", "Sysctls", "Init", "KernelMemory", "KernelMemoryTCP"])
        {
            Assert.False(shown.RootElement.TryGetProperty(name, out _), name);
        }

        Assert.Equal("""[{"Type":"tmpfs","Target":"/t","TmpfsOptions":{"SizeBytes":4096}}]""", shown.RootElement.GetProperty("Mounts").GetRawText());
    }

    private static JsonDocument Show(HostConfig host) => JsonDocument.Parse(JsonSerializer.SerializeToUtf8Bytes(host.Shown(), EngineJson.Default.HostConfig));
}
