using Swarm.Api.Wire;
using Swarm.Compose.Deployment;

namespace Swarm.Compose.Tests;

public sealed class StackDeploymentTests : IAsyncLifetime
{
    private readonly Files _files = new();
    private readonly List<string> _said = [];
    private FakeCluster _cluster = null!;

    public async Task InitializeAsync() => _cluster = await FakeCluster.StartAsync();

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _files.Dispose();
    }

    [Fact]
    public async Task Changed_content_is_another_version_and_the_one_before_goes_when_no_rollback_can_ask_for_it()
    {
        _files.With("compose.yaml", """
            services: {web: {image: a, network_mode: none, secrets: [key], configs: [site]}}
            secrets: {key: {file: ./key}}
            configs: {site: {content: "${SITE}"}}
            """);
        await DeployAsync("one", "first");
        await DeployAsync("two", "second");
        Assert.Equal(["shop_key", "shop_key.2"], _cluster.Secrets.Keys.Order());
        Assert.Equal(["shop_site", "shop_site.2"], _cluster.Configs.Keys.Order());
        Assert.Equal(("shop_key.2", "key"), (Web.ContainerSpec!.Secrets![0].SecretName, Web.ContainerSpec.Secrets[0].File!.Name));
        Assert.Equal("shop_site.2", Web.ContainerSpec.Configs![0].ConfigID);
        await DeployAsync("two", "second");
        Assert.Equal(["shop_key.2"], _cluster.Secrets.Keys);
        Assert.Equal(["shop_site.2"], _cluster.Configs.Keys);
        Assert.Contains("Removing secret shop_key", _said);

        async Task DeployAsync(string key, string site)
        {
            _files.Variables["SITE"] = site;
            _files.With("key", key);
            await this.DeployAsync();
        }
    }

    [Fact]
    public async Task A_digest_is_asked_for_always_or_when_the_image_changed_or_never()
    {
        _files.With("compose.yaml", "services: {web: {image: \"r.example/a\", network_mode: none}}");
        await DeployAsync(resolve: ResolveImage.Never);
        Assert.Equal(("r.example/a", 0), (Web.ContainerSpec!.Image, _cluster.Asked.Count));
        await DeployAsync(resolve: ResolveImage.Always);
        Assert.Equal(("r.example/a:latest@sha256:d1", "amd64"), (Web.ContainerSpec!.Image, Web.Placement!.Platforms![0].Architecture));
        await DeployAsync(resolve: ResolveImage.Changed);
        Assert.Equal(("r.example/a:latest@sha256:d1", 1), (Web.ContainerSpec!.Image, _cluster.Asked.Count));
        _files.With("compose.yaml", "services: {web: {image: \"r.example/a:2\", network_mode: none}}");
        await DeployAsync(resolve: ResolveImage.Changed);
        Assert.Equal(("r.example/a:2@sha256:d1", 2), (Web.ContainerSpec!.Image, _cluster.Asked.Count));
    }

    [Fact]
    public async Task Credentials_ask_the_registry_and_reach_the_nodes_only_when_told_to()
    {
        _files.With("compose.yaml", "services: {web: {image: \"r.example/a\", network_mode: none}}");
        await DeployAsync(resolve: ResolveImage.Always, withAuth: false);
        Assert.Empty(_cluster.Credentials);
        await DeployAsync(resolve: ResolveImage.Always, withAuth: true);
        Assert.Equal("auth-of-r.example/a", _cluster.Credentials["shop_web"]);
        Assert.Equal(["r.example/a auth-of-r.example/a", "r.example/a auth-of-r.example/a"], _cluster.Asked);
    }

    [Fact]
    public async Task Services_that_the_files_lost_go_only_when_pruned()
    {
        _files.With("compose.yaml", "services: {web: {image: a, network_mode: none}, old: {image: a, network_mode: none}}");
        await DeployAsync();
        _files.With("compose.yaml", "services: {web: {image: a, network_mode: none}}");
        await DeployAsync();
        Assert.Equal(2, _cluster.Services.Count);
        await DeployAsync(prune: true);
        Assert.Equal(["shop_web"], _cluster.Services.Keys);
    }

    [Fact]
    public async Task A_job_runs_again_when_it_has_changed_and_what_a_user_forced_stays()
    {
        const string stack = "services: {web: {image: a, network_mode: none, command: COMMAND, deploy: {mode: replicated-job}}}";
        _files.With("compose.yaml", stack.Replace("COMMAND", "one", StringComparison.Ordinal));
        await DeployAsync();
        await DeployAsync();
        Assert.Null(Web.ForceUpdate);
        _files.With("compose.yaml", stack.Replace("COMMAND", "two", StringComparison.Ordinal));
        await DeployAsync();
        Assert.Equal(1UL, Web.ForceUpdate);
        await DeployAsync();
        Assert.Equal(1UL, Web.ForceUpdate);
    }

    [Fact]
    public async Task What_is_made_elsewhere_must_be_there()
    {
        _files.With("compose.yaml", "services: {web: {image: a, networks: [net]}}\nnetworks: {net: {external: true}}");
        Assert.Contains("network \"net\" is declared as external", (await Assert.ThrowsAsync<ComposeException>(() => DeployAsync())).Message, StringComparison.Ordinal);
        _files.With("compose.yaml", "services: {web: {image: a, network_mode: none, secrets: [key]}}\nsecrets: {key: {external: true}}");
        Assert.Equal("secret not found: key", (await Assert.ThrowsAsync<ComposeException>(() => DeployAsync())).Message);
        Assert.Empty(_cluster.Services);
    }

    private TaskSpec Web => _cluster.Services["shop_web"].Spec!.TaskTemplate!;

    private async Task DeployAsync(bool prune = false, ResolveImage resolve = ResolveImage.Never, bool withAuth = false) =>
        await new StackDeployment(
            _cluster.Client, _files.Convert(), new DeployOptions(prune, resolve, image => "auth-of-" + image, withAuth), _said.Add, warning => Assert.Fail(warning)).DeployAsync(CancellationToken.None);
}
