namespace Swarm.EndToEnd;

/// <summary>`docker build` by its classic builder, and what becomes of its images.</summary>
[Collection(LabFixture.Name)]
public sealed class ImageBuildTests(LabFixture lab) : IDisposable
{
    private const string Node = "w1";

    private readonly string _context = Directory.CreateTempSubdirectory("images-e2e-").FullName;

    public void Dispose() => Directory.Delete(_context, recursive: true);

    [Fact]
    public async Task An_image_is_built_run_cached_and_removed()
    {
        File.WriteAllText(Path.Combine(_context, "greeting"), "hello");
        File.WriteAllText(Path.Combine(_context, ".dockerignore"), "secret\n");
        File.WriteAllText(Path.Combine(_context, "secret"), "not sent");
        File.WriteAllText(
            Path.Combine(_context, "Dockerfile"),
            """
            FROM busybox AS maker
            ARG who=nobody
            COPY . /in/
            RUN ls /in > /made && echo "$(cat /in/greeting) $who" >> /made
            FROM busybox
            COPY --from=maker --chown=7:8 --chmod=640 /made /made
            CMD ["cat", "/made"]
            """);
        string[] build = ["--build-arg", "who=world", "--tag", "e2e-build:1", _context];
        var first = await BuildAsync(build);
        Assert.True(first.ExitCode == 0, first.ToString());
        Assert.Contains("Step 7/7 : CMD [\"cat\", \"/made\"]", first.Output, StringComparison.Ordinal);
        Assert.EndsWith("Successfully tagged e2e-build:1", first.Output, StringComparison.Ordinal);
        Assert.Equal("Dockerfile\ngreeting\nhello world", await lab.DockerOkAsync(Node, "run", "--rm", "e2e-build:1"));
        Assert.Equal("640 7:8", await lab.DockerOkAsync(Node, "run", "--rm", "e2e-build:1", "stat", "-c", "%a %u:%g", "/made"));

        var second = await BuildAsync(build);
        Assert.Equal(5, second.Output.Split("Using cache").Length - 1);
        Assert.Equal("", await lab.DockerOkAsync(Node, "ps", "--all", "--quiet"));
        var removed = await lab.DockerOkAsync(Node, "rmi", "e2e-build:1");
        Assert.StartsWith("Untagged: e2e-build:1\nDeleted: sha256:", removed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_fails_ends_the_build_with_its_status()
    {
        File.WriteAllText(Path.Combine(_context, "Dockerfile"), "FROM busybox\nRUN echo why >&2; exit 3\n");
        var failed = await BuildAsync("--force-rm", _context);
        Assert.Equal(3, failed.ExitCode);
        Assert.EndsWith("The command '/bin/sh -c echo why >&2; exit 3' returned a non-zero code: 3", failed.Error, StringComparison.Ordinal);
        Assert.Equal("", await lab.DockerOkAsync(Node, "ps", "--all", "--quiet"));
    }

    private Task<ShellResult> BuildAsync(params string[] arguments) => Shell.RunAsync(
        "docker", ["build", .. arguments], ("DOCKER_HOST", lab.Host.Paths(LabFixture.Name, Node).DockerHost), ("DOCKER_BUILDKIT", "0"));
}
