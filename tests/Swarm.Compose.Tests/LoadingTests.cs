using Swarm.Compose.Tree;

namespace Swarm.Compose.Tests;

public sealed class LoadingTests : IDisposable
{
    private readonly Files _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void A_later_file_is_merged_over_an_earlier_one()
    {
        _files.With("a.yaml", """
            services:
              web:
                image: one
                command: [a, b]
                environment: [A=1, B=2]
                ports: ["80:80", "443:443"]
                volumes: ["data:/data", "./x:/x"]
                dns: 1.1.1.1
                logging: {driver: json-file, options: {max-size: 1m}}
                labels: {gone: "1", kept: "2"}
                cap_add: [A]
            volumes: {data: {}, other: {}}
            """);
        _files.With("b.yaml", """
            services:
              web:
                image: two
                command: [c]
                environment: {B: 3, C: 4}
                ports: ["80:80", "8080:81"]
                volumes: ["other:/data"]
                dns: [2.2.2.2]
                logging: {driver: local}
                labels: {gone: !reset null}
                cap_add: !override [B]
            """);
        var web = Web(_files.Load("a.yaml", "b.yaml"));
        Assert.Equal("two", Text(web, "image"));
        Assert.Equal(["c"], Texts(web, "command"));
        Assert.Equal(["A=1", "B=3", "C=4"], ((ComposeMap)web["environment"]!).Entries.Select(pair => $"{pair.Key}={((ComposeScalar)pair.Value).Text}"));
        Assert.Equal(["80", "443", "8080"], ((ComposeList)web["ports"]!).Items.Select(port => Text((ComposeMap)port, "published")));
        Assert.Equal(["other", $"{_files.Root}/x"], ((ComposeList)web["volumes"]!).Items.Select(volume => Text((ComposeMap)volume, "source")));
        Assert.Equal(["1.1.1.1", "2.2.2.2"], Texts(web, "dns"));
        Assert.Null(((ComposeMap)web["logging"]!)["options"]);
        Assert.Equal(["kept"], ((ComposeMap)web["labels"]!).Entries.Keys);
        Assert.Equal(["B"], Texts(web, "cap_add"));
    }

    [Fact]
    public void Anchors_and_merge_keys_are_resolved()
    {
        _files.With("compose.yaml", """
            x-base: &base
              image: one
              labels: &labels {a: "1"}
            x-more: &more {image: never, user: me}
            services:
              web:
                <<: [*base, *more]
                image: two
                labels: {<<: *labels, b: "2"}
            """);
        var web = Web(_files.Load());
        Assert.Equal(("two", "me"), (Text(web, "image"), Text(web, "user")));
        Assert.Equal(["a", "b"], ((ComposeMap)web["labels"]!).Entries.Keys.Order());
    }

    [Fact]
    public void A_service_extends_one_of_its_file_or_of_another_whose_paths_are_its_own()
    {
        _files.With("sub/base.yaml", """
            services:
              root: {image: base, volumes: ["./here:/here"], environment: [A=1]}
              base: {extends: root, env_file: base.env, environment: [B=2]}
            """);
        _files.With("compose.yaml", """
            services:
              web: {extends: {file: sub/base.yaml, service: base}, image: own, environment: [A=3]}
              twin: {extends: {service: web}}
            """);
        var project = _files.Load();
        foreach (var service in new[] { Web(project), (ComposeMap)((ComposeMap)project.Root["services"]!)["twin"]! })
        {
            Assert.Equal("own", Text(service, "image"));
            Assert.Equal($"{_files.Root}/sub/here", Text((ComposeMap)((ComposeList)service["volumes"]!).Items[0], "source"));
            Assert.Equal($"{_files.Root}/sub/base.env", Text((ComposeMap)((ComposeList)service["env_file"]!).Items[0], "path"));
            Assert.Equal(["A=3", "B=2"], ((ComposeMap)service["environment"]!).Entries.Select(pair => $"{pair.Key}={((ComposeScalar)pair.Value).Text}"));
        }
    }

    [Theory]
    [InlineData("services: {web: {extends: web}}", "services.web: extends goes in circles")]
    [InlineData("services: {web: {extends: none}}", "there is no service 'none'")]
    [InlineData("services: {web: {extends: {file: compose.yaml, service: db}}, db: {extends: web}}", "extends goes in circles")]
    [InlineData("include: [compose.yaml]", "include goes in circles")]
    [InlineData("include: [none.yaml]", "none.yaml")]
    [InlineData("- a", "a compose file has keys and values at its top")]
    [InlineData("services: [a]", "services: keys and values are expected")]
    [InlineData("a: {b", "compose.yaml:2: ")]
    [InlineData("a: 1\nb: 2\na: 3", "compose.yaml:3: ")]
    [InlineData("services: {web: {ports: [\"1:2:3:4\"]}}", "is no port")]
    public void What_cannot_be_loaded_is_said(string text, string message)
    {
        _files.With("compose.yaml", text);
        Assert.Contains(message, Files.Refusal(() => _files.Load()), StringComparison.Ordinal);
    }

    [Fact]
    public void Aliases_of_aliases_do_not_fill_the_memory()
    {
        var lines = Enumerable.Range(1, 9).Select(i => $"x-{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 10))}]");
        _files.With("compose.yaml", "x-0: &a0 [x]\n" + string.Join('\n', lines));
        Assert.Contains("too large", Files.Refusal(() => _files.Load()), StringComparison.Ordinal);
    }

    [Fact]
    public void An_included_project_brings_its_own_folder_and_variables()
    {
        _files.With("part/compose.yaml", "services: {db: {image: \"db:${VERSION}\", volumes: [\"./data:/data\"]}}\nnetworks: {back: {}}");
        _files.With("part/.env", "VERSION=7");
        _files.With("compose.yaml", "include: [part/compose.yaml]\nservices: {web: {image: web, networks: [back]}}");
        var services = (ComposeMap)_files.Load().Root["services"]!;
        var db = (ComposeMap)services["db"]!;
        Assert.Equal("db:7", Text(db, "image"));
        Assert.Equal($"{_files.Root}/part/data", Text((ComposeMap)((ComposeList)db["volumes"]!).Items[0], "source"));
        _files.With("compose.yaml", "include: [part/compose.yaml]\nservices: {db: {image: other}}");
        Assert.Contains("services.db conflicts with", Files.Refusal(() => _files.Load()), StringComparison.Ordinal);
    }

    [Fact]
    public void The_callers_variables_count_more_than_those_of_files()
    {
        _files.With(".env", "A=file\nB=file").With("other.env", "A=other").With("compose.yaml", "services: {web: {image: \"${A}:${B:-none}:${COMPOSE_PROJECT_NAME}\"}}");
        Assert.Equal("file:file:shop", Text(Web(_files.Load()), "image"));
        Assert.Equal("other:none:shop", Text(Web(_files.Load(_files.Options with { EnvironmentFiles = ["other.env"] })), "image"));
        _files.Variables["A"] = "own";
        Assert.Equal("own:file:shop", Text(Web(_files.Load()), "image"));
    }

    [Fact]
    public void Services_with_profiles_are_there_when_asked_for()
    {
        _files.With("compose.yaml", "services: {web: {image: a}, debug: {image: b, profiles: [tools, dev]}}");
        Assert.Equal(["web"], Names(null));
        Assert.Equal(["web", "debug"], Names("dev"));
        Assert.Equal(["web", "debug"], Names("*"));

        IEnumerable<string> Names(string? profile) =>
            ((ComposeMap)_files.Load(_files.Options with { Profiles = profile is null ? new HashSet<string>() : new HashSet<string> { profile } }).Root["services"]!).Entries.Keys;
    }

    [Fact]
    public void What_was_read_is_written_as_yaml_that_reads_the_same()
    {
        _files.With("compose.yaml", "services: {web: {image: a, command: [\"yes\", \"1\", \"a: b\"], environment: {A: null, B: \"\", C: \"null\"}}}");
        var text = YamlText.Of(_files.Load().Root);
        _files.With("again.yaml", text);
        Assert.Equal(text, YamlText.Of(_files.Load("again.yaml").Root));
        Assert.Contains("C: \"null\"", text, StringComparison.Ordinal);
    }

    private static ComposeMap Web(ComposeProject project) => (ComposeMap)((ComposeMap)project.Root["services"]!)["web"]!;

    private static string? Text(ComposeMap map, string key) => (map[key] as ComposeScalar)?.Text;

    private static IEnumerable<string> Texts(ComposeMap map, string key) => ((ComposeList)map[key]!).Items.Select(item => ((ComposeScalar)item).Text);
}
