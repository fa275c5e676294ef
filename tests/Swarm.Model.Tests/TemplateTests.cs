using System.Text;
using Swarm.Model.Templates;

namespace Swarm.Model.Tests;

public sealed class TemplateTests
{
    private static readonly SwarmTask Task = new()
    {
        Id = "task1",
        ServiceId = "service1",
        ServiceName = "web",
        ServiceLabels = new SwarmTask().ServiceLabels.Add("tier", "front").Add("empty", ""),
        NodeId = "node1",
        Slot = 3,
        Name = "web.3.task1",
        Spec = new TaskSpec
        {
            Container = new ContainerSpec
            {
                Env = ["PORT=80", "BARE"],
                Secrets = [new FileReference { Id = "s1", Name = "password", TargetPath = "pw" }, new FileReference { Id = "s2", Name = "key", TargetPath = "key" }],
                Configs = [new FileReference { Id = "c1", Name = "site", TargetPath = "/etc/site" }],
            },
        },
    };

    private static readonly TaskTemplate Filled = new(Task, new NodeDescription { Hostname = "h1", Platform = new Platform { Architecture = "x86_64", Os = "linux" } });

    [Theory]
    [InlineData("no braces", "no braces")]
    [InlineData("{{.Service.Name}}-{{.Task.Slot}}@{{.Node.Hostname}}", "web-3@h1")]
    [InlineData("{{ .Service.ID }} {{.Node.ID}} {{.Task.ID}} {{.Task.Name}} {{.Node.Platform.OS}}/{{.Node.Platform.Architecture}}", "service1 node1 task1 web.3.task1 linux/x86_64")]
    [InlineData("{{.Service.Labels.tier}} {{index .Service.Labels \"tier\"}}{{index .Service.Labels \"none\"}}", "front front")]
    [InlineData("a  {{- \" b \" -}}  c", "a b c")]
    [InlineData("a{{/* nothing */}}b", "ab")]
    [InlineData("{{if eq .Service.Name \"web\"}}yes{{else}}no{{end}}", "yes")]
    [InlineData("{{if .Service.Labels.empty}}1{{else if ne .Task.Slot \"3\"}}2{{else}}3{{end}}", "3")]
    [InlineData("{{if and .Service.Name (not .Service.Labels.empty)}}both{{end}}", "both")]
    [InlineData("{{join \",\" .Service.Name .Task.Slot}} {{.Service.Name | len}} {{\"a\\n\"}}", "web,3 3 a\n")]
    [InlineData("{{`raw \"text\"`}}", "raw \"text\"")]
    public void Fields_functions_and_branches_are_filled_in_as_Go_does(string template, string expected) => Assert.Equal(expected, Filled.Expand(template));

    [Theory]
    [InlineData("{{.Service.Nope}}", "can't evaluate field Nope")]
    [InlineData("{{.Service.Labels.nope}}", "map has no entry for key \"nope\"")]
    [InlineData("{{nope}}", "function \"nope\" not defined")]
    [InlineData("{{env \"PORT\"}}", "function \"env\" not defined")]
    [InlineData("{{if .Service.Name}}x", "unexpected EOF")]
    [InlineData("{{end}}", "unexpected {{end}}")]
    [InlineData("{{range .Service.Labels}}x{{end}}", "{{range}} is not built")]
    [InlineData("\n\n{{.Service.Name", "expansion:3: unclosed action")]
    [InlineData("{{\"open}}", "unterminated quoted string")]
    [InlineData("{{.Service.Name .Task.Slot}}", "in command")]
    [InlineData("{{$x := 1}}", "unexpected '$'")]
    public void What_cannot_be_filled_in_is_refused_with_a_reason(string template, string reason) =>
        Assert.Contains(reason, Assert.Throws<TemplateException>(() => Filled.Expand(template)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_global_task_has_its_node_for_a_slot() =>
        Assert.Equal("node1", new TaskTemplate(Task with { Slot = 0 }, new NodeDescription()).Expand("{{.Task.Slot}}"));

    [Fact]
    public void A_payload_reaches_the_environment_and_other_files_by_their_targets() =>
        Assert.Equal("80 hunter2 [] abc web", Payload("{{env \"PORT\"}} {{secret \"pw\"}} [{{env \"BARE\"}}] {{config \"/etc/site\"}} {{.Service.Name}}"));

    [Fact]
    public void A_payload_that_is_no_template_is_taken_as_it_is()
    {
        var secret = new Secret { Data = [0xFF, (byte)'{', (byte)'{'] };
        Assert.Same(secret.Data, Filled.ExpandPayload(secret, Secrets(), Configs()));
    }

    [Theory]
    [InlineData("{{secret \"password\"}}", "secret target password not found")]
    [InlineData("{{config \"pw\"}}", "config target pw not found")]
    [InlineData("{{secret \"key\"}}", "must be UTF-8")]
    public void A_payload_reaches_nothing_else(string template, string reason) =>
        Assert.Contains(reason, Assert.Throws<TemplateException>(() => Payload(template)).Message, StringComparison.Ordinal);

    private static string Payload(string template) => Encoding.UTF8.GetString(Filled.ExpandPayload(
        new Config { Data = Encoding.UTF8.GetBytes(template), Templating = new DriverConfig { Name = "golang" } }, Secrets(), Configs()));

    private static Dictionary<string, Secret> Secrets() => new()
    {
        ["s1"] = new Secret { Id = "s1", Data = Encoding.UTF8.GetBytes("hunter2") },
        ["s2"] = new Secret { Id = "s2", Data = [0xFF, 0xFE] },
    };

    private static Dictionary<string, Config> Configs() => new() { ["c1"] = new Config { Id = "c1", Data = Encoding.UTF8.GetBytes("abc") } };
}
