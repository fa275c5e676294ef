using System.Collections.Immutable;
using System.Text;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Logs;
using Swarm.Engine.Runtime;

namespace Swarm.Engine.Tests.Containers;

/// <summary>What a container gets from the daemon's configuration, and what it may say itself.</summary>
public sealed class DaemonDefaultsTests
{
    private static readonly ContainerDefaults Configured = new() { LogDriver = "json-file", LogOptions = new Dictionary<string, string> { ["max-size"] = "1m", ["labels"] = "color" } };

    [Fact]
    public void Log_options_of_the_daemon_hold_for_its_own_driver_alone()
    {
        var plain = LogOptions.Merge(null, Configured);
        Assert.Equal(("json-file", "1m"), (plain.Type, plain.Config!["max-size"]));
        var own = LogOptions.Merge(new LogConfig { Type = "json-file", Config = new() { ["max-size"] = "2m" } }, Configured);
        Assert.Equal(("2m", "color"), (own.Config!["max-size"], own.Config["labels"]));
        var other = LogOptions.Merge(new LogConfig { Type = "local" }, Configured);
        Assert.Empty(other.Config!);
        Assert.Equal((20L << 20, 5), LogOptions.Rotation(other));
        Assert.Equal((1L << 20, 1), LogOptions.Rotation(plain));
    }

    [Theory]
    [InlineData("journald", "x", "1", "logger: no log driver named 'journald' is registered")]
    [InlineData("json-file", "nope", "1", "unknown log opt 'nope' for json-file log driver")]
    [InlineData("local", "labels", "a", "unknown log opt 'labels' for local log driver")]
    [InlineData("json-file", "max-file", "0", "max-file cannot be less than 1")]
    [InlineData("json-file", "compress", "maybe", "error parsing compress: strconv.ParseBool: parsing \"maybe\": invalid syntax")]
    [InlineData("json-file", "compress", "true", "compress cannot be true when max-file is less than 2 or max-size is not set")]
    [InlineData("local", "max-file", "1", "compression cannot be enabled when max file count is 1")]
    [InlineData("json-file", "mode", "fast", "logger: logging mode not supported: fast")]
    public void Wrong_log_settings_are_refused_with_docker_s_words(string driver, string option, string value, string message) =>
        Assert.Equal(message, Assert.Throws<EngineException>(() => LogOptions.Check(driver, new Dictionary<string, string> { [option] = value })).Message);

    [Fact]
    public void A_record_of_a_log_repeats_the_labels_and_variables_that_were_chosen()
    {
        var record = new ContainerRecord
        {
            Id = new string('a', 64), Name = "web", Created = DateTimeOffset.UnixEpoch, ImageId = "sha256:1", HostConfig = new HostConfig(), Command = ["x"], Mounts = [],
            Config = new ContainerConfig { Labels = new() { ["color"] = "red", ["size"] = "big" }, Env = ["MODE=fast", "SECRET=s", "FOO_1=x"] },
        };
        var log = new LogConfig { Type = "json-file", Config = new() { ["labels"] = "color", ["env"] = "MODE", ["env-regex"] = "^FOO_", ["tag"] = "{{.Name}}/{{.ID}}" } };
        Assert.Equal("""{"FOO_1":"x","MODE":"fast","color":"red","tag":"web/aaaaaaaaaaaa"}""", Encoding.UTF8.GetString(LogAttributes.Of(record, log)!));
        Assert.Null(LogAttributes.Of(record, new LogConfig { Type = "json-file" }));
    }

    [Fact]
    public void Details_stand_before_the_line_and_are_escaped()
    {
        var line = JsonLogLine.Parse("""{"log":"hi\n","stream":"stdout","attrs":{"a":"b c","d":"e"},"time":"2026-01-01T00:00:00Z"}"""u8)!.Value;
        Assert.Equal("a=b%20c,d=e hi\n", Encoding.UTF8.GetString(line.WithDetails().Text.Span));
        var bare = JsonLogLine.Parse("""{"log":"hi\n","stream":"stdout","time":"2026-01-01T00:00:00Z"}"""u8)!.Value;
        Assert.Equal(" hi\n", Encoding.UTF8.GetString(bare.WithDetails().Text.Span));
    }

    [Fact]
    public void A_runtime_that_was_unregistered_is_refused_to_new_containers_and_old_ones_can_still_be_removed()
    {
        var programs = ImmutableSortedDictionary<string, RuntimeProgram>.Empty.Add("crun", new("/usr/bin/crun", [])).Add("fast", new("/opt/fast", ["--debug"]));
        var catalog = new RuntimeCatalog("crun", programs);
        catalog.Check("fast");
        Assert.Equal("/opt/fast", catalog.Of("fast").Path);
        Assert.Equal("/usr/bin/crun", catalog.Of("").Path);
        catalog.Replace("crun", programs.Remove("fast"));
        Assert.Equal("unknown or invalid runtime name: fast", Assert.Throws<EngineException>(() => catalog.Check("fast")).Message);
        Assert.Equal("/usr/bin/crun", catalog.Of("fast").Path);
    }

    [Fact]
    public void Security_options_of_a_container_win_over_the_daemon_s()
    {
        var strict = new ContainerDefaults { NoNewPrivileges = true, SeccompProfile = "{}" };
        Assert.True(SecurityOptions.Parse(null, strict).NoNewPrivileges);
        Assert.Equal("{}", SecurityOptions.Parse([], strict).Seccomp);
        var own = SecurityOptions.Parse(["no-new-privileges=false", "seccomp=unconfined"], strict);
        Assert.Equal((false, "unconfined"), (own.NoNewPrivileges, own.Seccomp));
    }
}
