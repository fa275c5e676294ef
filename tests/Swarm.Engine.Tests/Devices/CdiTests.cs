using System.Text;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Devices;
using Swarm.Engine.Logs;
using Swarm.Engine.Tests.Containers;
using Swarm.Engine.Tests.Layers;

namespace Swarm.Engine.Tests.Devices;

public sealed class CdiTests : IDisposable
{
    private const string Yaml = """
        cdiVersion: "0.6.0"
        kind: vendor.com/thing
        containerEdits:
          env: [ALL=1]
        devices:
        - name: "0"
          containerEdits:
            env: [ONE=first]
            deviceNodes:
            - {path: /dev/thing0, hostPath: /dev/null, permissions: r}
            - {path: /dev/thing1, type: c, major: 1, minor: 5, fileMode: 0640, uid: 7, gid: 8}
            additionalGids: [44]
        - name: other
          containerEdits:
            env: [TWO=second]
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_files_own_edits_are_made_once_and_before_those_of_its_devices()
    {
        Write("first", "a.yaml", Yaml);
        var edits = Catalog("first").Edits(["vendor.com/thing=other", "vendor.com/thing=0"]);
        Assert.Equal(["ALL=1", "TWO=second", "ONE=first"], edits.SelectMany(edit => edit.Environment));
        Assert.Equal(
            [new CdiDeviceNode("/dev/thing0", "/dev/null", "", 0, 0, null, "r", null, null), new CdiDeviceNode("/dev/thing1", "", "c", 1, 5, 0x1A0, "", 7, 8)],
            edits.SelectMany(edit => edit.DeviceNodes));
        Assert.Equal([44u], edits.SelectMany(edit => edit.AdditionalGroups));
    }

    [Fact]
    public void A_later_folder_wins_and_two_files_of_one_folder_that_describe_a_device_describe_none()
    {
        Write("first", "a.json", Json("vendor.com/thing", "x", "FROM=first"));
        Write("second", "a.json", Json("vendor.com/thing", "x", "FROM=second"));
        Assert.Equal(["FROM=second"], Catalog("first", "second").Edits(["vendor.com/thing=x"]).SelectMany(edit => edit.Environment));

        Write("second", "b.json", Json("vendor.com/thing", "x", "FROM=third"));
        Assert.StartsWith(
            "CDI device injection failed: unresolvable CDI devices vendor.com/thing=x (CDI: conflicting device", Assert.Throws<EngineException>(() => Catalog("first", "second").Edits(["vendor.com/thing=x"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "failed to parse CDI spec")]
    [InlineData("""{"cdiVersion":"7.0.0","kind":"v.com/c","devices":[{"name":"a"}]}""", "invalid version \"7.0.0\"")]
    [InlineData("""{"cdiVersion":"0.5.0","kind":"nothing","devices":[{"name":"a"}]}""", "invalid kind \"nothing\"")]
    [InlineData("""{"cdiVersion":"0.5.0","kind":"v.com/c","devices":[]}""", "no devices")]
    [InlineData("""{"cdiVersion":"0.5.0","kind":"v.com/c","devices":[{"name":"a"},{"name":"a"}]}""", "multiple devices with name \"a\"")]
    [InlineData("""{"cdiVersion":"0.5.0","kind":"v.com/c","devices":[{"name":"a","containerEdits":{"intelRdt":{}}}]}""", "\"intelRdt\" is not supported")]
    [InlineData("""{"cdiVersion":"0.5.0","kind":"v.com/c","devices":[{"name":"a","containerEdits":{"hooks":[{"hookName":"never","path":"/x"}]}}]}""", "invalid hook name")]
    public void A_wrong_file_has_no_devices_and_is_named(string content, string why)
    {
        Write("first", "good.json", Json("vendor.com/thing", "x", "A=1"));
        Write("first", "wrong.json", content);
        var (devices, warnings) = Catalog("first").List();
        Assert.Equal(["vendor.com/thing=x"], devices);
        var warning = Assert.Single(warnings);
        Assert.Contains("wrong.json", warning, StringComparison.Ordinal);
        Assert.Contains(why, warning, StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_of_another_driver_or_with_a_count_is_refused()
    {
        Assert.Equal(501, Refused(new DeviceRequest { Count = -1, Capabilities = [["gpu"]] }));
        Assert.Equal(400, Refused(new DeviceRequest { Driver = "cdi", Count = 1, DeviceIDs = ["v.com/c=a"] }));
        Assert.Equal(400, Refused(new DeviceRequest { Driver = "cdi", Options = new() { ["a"] = "b" } }));

        static int Refused(DeviceRequest request) => Assert.Throws<EngineException>(() => DeviceRequests.Check(new HostConfig { DeviceRequests = [request] })).Status;
    }

    [RootFact]
    public async Task A_container_gets_the_nodes_mounts_variables_and_hooks_of_its_devices()
    {
        Directory.CreateDirectory(_folder["host"]);
        await File.WriteAllTextAsync(_folder["host/library"], "from the host");
        Write("first", "a.json", $$$"""
            {"cdiVersion":"0.5.0","kind":"vendor.com/thing","devices":[{"name":"x","containerEdits":{
              "env":["THING=yes"],
              "deviceNodes":[{"path":"/dev/thing","hostPath":"/dev/zero"}],
              "mounts":[{"hostPath":"{{{_folder["host"]}}}","containerPath":"/opt/thing","options":["ro"]}],
              "hooks":[{"hookName":"createRuntime","path":"/bin/busybox","args":["busybox","touch","{{{_folder["hooked"]}}}"]}]}}]}
            """);
        await using var fixture = await EngineFixture.StartAsync(options => options with { CdiFolders = [_folder["first"]] });
        var host = new HostConfig { DeviceRequests = [new DeviceRequest { Driver = "cdi", DeviceIDs = ["vendor.com/thing=x"] }] };
        var container = await fixture.CreateAsync("echo $THING; head -c 3 /dev/thing | wc -c; cat /opt/thing/library", host);
        var exit = container.NextExit;
        await fixture.Engine.StartAsync(container, CancellationToken.None);
        await exit.WaitAsync(EngineFixture.Deadline);
        var text = new StringBuilder();
        await foreach (var line in fixture.Engine.Logs(container).ReadAsync(new LogRequest(true, true, false, false, null, null, null), CancellationToken.None))
        {
            text.Append(Encoding.UTF8.GetString(line.Text.Span));
        }

        Assert.Equal("yes\n3\nfrom the host", text.ToString());
        Assert.True(File.Exists(_folder["hooked"]));

        var unknown = await fixture.CreateAsync("true", new HostConfig { DeviceRequests = [new DeviceRequest { Driver = "cdi", DeviceIDs = ["vendor.com/thing=no"] }] });
        var refusal = await Assert.ThrowsAsync<EngineException>(() => fixture.Engine.StartAsync(unknown, CancellationToken.None));
        Assert.Equal((500, "CDI device injection failed: unresolvable CDI devices vendor.com/thing=no"), (refusal.Status, refusal.Message));
    }

    private static string Json(string kind, string name, string variable) =>
        $$$"""{"cdiVersion":"0.5.0","kind":"{{{kind}}}","devices":[{"name":"{{{name}}}","containerEdits":{"env":["{{{variable}}}"]}}]}""";

    private CdiCatalog Catalog(params string[] folders) => new([.. folders.Select(folder => _folder[folder]), _folder["missing"]]);

    private void Write(string folder, string name, string content)
    {
        Directory.CreateDirectory(_folder[folder]);
        File.WriteAllText(Path.Combine(_folder[folder], name), content);
    }
}
