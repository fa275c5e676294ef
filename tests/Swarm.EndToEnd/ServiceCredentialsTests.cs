using System.Diagnostics;
using System.Text;

namespace Swarm.EndToEnd;

/// <summary>A registry that wants a password, in reach of one worker that knows none; and what services may and may not do.</summary>
[Collection(LabFixture.Name)]
public sealed class ServiceCredentialsTests(LabFixture lab) : IAsyncLifetime
{
    private const string Registry = "127.0.0.1:5000", Image = Registry + "/private:1";

    private const string User = "anna", Password = "secret-word";

    /// <summary>bcrypt of the password, as htpasswd -B makes it.</summary>
    private const string PasswordLine = User + ":$2y$05$abcdefghijklmnopqrstuuUOabO4v2PoT/v47Y.znQK.9MsMDnesq\n";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("swarm-credentials-");
    private Process _registry = null!;

    public async Task InitializeAsync()
    {
        var configuration = Path.Combine(_folder.FullName, "registry.yml");
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "htpasswd"), PasswordLine);
        await File.WriteAllTextAsync(
            configuration,
            $"version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {_folder}/data\nhttp:\n  addr: {Registry}\nauth:\n  htpasswd:\n    realm: test\n    path: {_folder}/htpasswd\n");
        await File.WriteAllTextAsync(
            Path.Combine(_folder.FullName, "config.json"),
            "{\"auths\":{\"" + Registry + "\":{\"auth\":\"" + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}")) + "\"}}}");
        var space = "/run/netns/" + lab.Host.Paths(LabFixture.Name, "w1").Namespace;
        _registry = Process.Start(new ProcessStartInfo("nsenter", [$"--net={space}", "docker-registry", "serve", configuration]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        await lab.DockerOkAsync("w1", "tag", "busybox", Image);
        await lab.UntilAsync("the image is pushed", async () => (await LoggedInAsync("w1", "push", Image)).ExitCode == 0 ? "it is" : null);
        await lab.DockerOkAsync("w1", "rmi", Image);
    }

    public async Task DisposeAsync()
    {
        await lab.MakeWholeAsync();
        await lab.DockerAsync("w1", "rmi", "-f", Image);
        _registry.Kill();
        await _registry.WaitForExitAsync();
        _registry.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Credentials_go_with_the_service_to_a_node_that_has_none()
    {
        await lab.DockerOkAsync("m1", Create("private"));
        await lab.UntilAsync("the node is refused the image", async () =>
            (await lab.DockerOkAsync("m1", "service", "ps", "private", "--no-trunc", "--format", "{{.CurrentState}} {{.Error}}")).Contains("Rejected", StringComparison.Ordinal) ? "it is" : null);
        Assert.Equal(0, (await LoggedInAsync("m1", "service", "update", "--quiet", "--detach", "--with-registry-auth", "--no-resolve-image", "--force", "private")).ExitCode);
        await lab.RunningAsync("m1", "private", 1);

        // They stay with the service: also without the image, and for the next task.
        await lab.DockerOkAsync("m1", "service", "scale", "--detach", "private=0");
        await lab.UntilAsync("its container is gone", async () => (await lab.ContainersAsync("private")).Count == 0 ? "gone" : null);
        await lab.UntilAsync("the image is gone", async () => (await lab.DockerAsync("w1", "rmi", "-f", Image)).ExitCode == 0 ? "gone" : null);
        await lab.DockerOkAsync("m2", "service", "scale", "--detach", "private=1");
        await lab.RunningAsync("m1", "private", 1);
        await lab.DockerOkAsync("w1", "image", "inspect", "--format", "{{.Id}}", Image);
        Assert.DoesNotContain(Password, await lab.DockerOkAsync("m1", "service", "inspect", "private"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_is_created_with_credentials_by_docker_and_by_our_stacks()
    {
        Assert.Equal(0, (await LoggedInAsync("m1", Create("given", "--with-registry-auth"))).ExitCode);
        await lab.RunningAsync("m1", "given", 1);
        await lab.DockerOkAsync("m1", "service", "rm", "given");
        await lab.UntilAsync("the image is gone", async () => (await lab.DockerAsync("w1", "rmi", "-f", Image)).ExitCode == 0 ? "gone" : null);
        var compose = Path.Combine(_folder.FullName, "compose.yaml");
        await File.WriteAllTextAsync(compose, $$"""
            services:
              app:
                image: "{{Image}}"
                command: sleep infinity
                stop_signal: SIGKILL
                network_mode: none
                deploy: {placement: {constraints: [node.hostname==w1] } }
            """);
        var deployed = await Shell.RunAsync(LabFixture.Binary, ["stack", "deploy", "-c", compose, "--with-registry-auth", "--resolve-image", "never", "creds"], Environment("m1"));
        Assert.True(deployed.ExitCode == 0, deployed.ToString());
        await lab.RunningAsync("m1", "creds_app", 1);
    }

    [Fact]
    public async Task Privileges_of_a_service_are_those_of_its_processes()
    {
        Assert.Equal("0 2", await StatusAsync("plain", []));
        Assert.Equal("1 2", await StatusAsync("bound", ["no-new-privileges:true"]));
        Assert.Equal("0 0", await StatusAsync("open", ["seccomp=unconfined", "apparmor=unconfined"]));
        var profile = Path.Combine(_folder.FullName, "profile.json");
        await File.WriteAllTextAsync(profile, """{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]}""");
        Assert.Equal("0 2", await StatusAsync("custom", [$"seccomp={profile}"]));
        var made = await Shell.RunAsync(LabFixture.Binary, ["exec", "priv_custom", "mkdir", "/made"], Environment("m1"));
        Assert.NotEqual(0, made.ExitCode);
        Assert.Contains("Operation not permitted", made.Error, StringComparison.Ordinal);
    }

    /// <summary>NoNewPrivs and Seccomp (0 none, 2 filter) of a task's process, proc(5).</summary>
    private async Task<string> StatusAsync(string name, string[] options)
    {
        var compose = Path.Combine(_folder.FullName, "compose.yaml");
        await File.WriteAllTextAsync(compose, $$"""
            services:
              {{name}}:
                image: busybox
                command: sleep infinity
                stop_signal: SIGKILL
                network_mode: none
                security_opt: [{{string.Join(", ", options.Select(option => $"\"{option}\""))}}]
            """);
        var deployed = await Shell.RunAsync(LabFixture.Binary, ["stack", "deploy", "-c", compose, "--resolve-image", "never", "--detach=false", "--quiet", "priv"], Environment("m1"));
        Assert.True(deployed.ExitCode == 0, deployed.ToString());
        var status = await Shell.RunAsync(LabFixture.Binary, ["exec", $"priv_{name}", "sed", "-n", "s/^NoNewPrivs:[[:space:]]*//p; s/^Seccomp:[[:space:]]*//p", "/proc/1/status"], Environment("m1"));
        Assert.True(status.ExitCode == 0, status.ToString());
        return status.Output.ReplaceLineEndings(" ");
    }

    private static string[] Create(string name, params string[] flags) =>
        ["service", "create", .. flags, "--quiet", "--detach", "--no-resolve-image", "--name", name, "--constraint", "node.hostname==w1", "--restart-delay", "1s", "--stop-signal", "SIGKILL", Image, "sleep", "infinity"];

    private Task<ShellResult> LoggedInAsync(string node, params string[] arguments) => Shell.RunAsync("docker", arguments, Environment(node));

    private (string, string)[] Environment(string node) => [("DOCKER_HOST", lab.Host.Paths(LabFixture.Name, node).DockerHost), ("DOCKER_CONFIG", _folder.FullName)];
}
