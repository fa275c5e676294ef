using System.Buffers.Text;
using System.Text;
using Swarm.Compose.Deployment;

namespace Swarm.Compose.Tests;

public sealed class DockerCredentialsTests
{
    [Theory]
    [InlineData("""{"auths":{"r.example:5000":{"auth":"YW5uYTpwOnc="}}}""", "r.example:5000/a/b:1", """{"username":"anna","password":"p:w","serveraddress":"r.example:5000"}""")]
    [InlineData("""{"auths":{"https://index.docker.io/v1/":{"username":"u","password":"p"}}}""", "busybox", """{"username":"u","password":"p","serveraddress":"https://index.docker.io/v1/"}""")]
    [InlineData("""{"auths":{"https://r.example":{"identitytoken":"t"}}}""", "r.example/a@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", """{"identitytoken":"t","serveraddress":"r.example"}""")]
    [InlineData("""{"auths":{"r.example":{}}}""", "r.example/a", null)]
    [InlineData("""{"auths":{"r.example":{"auth":"no base64!"}}}""", "r.example/a", null)]
    [InlineData("""{"auths":{"other.example":{"auth":"YTpi"}}}""", "r.example/a", null)]
    [InlineData("{}", "busybox", null)]
    public void What_a_login_has_kept_goes_to_the_images_registry_alone(string config, string image, string? sent)
    {
        var header = DockerCredentials.Parse(Encoding.UTF8.GetBytes(config)).For(image);
        Assert.Equal(sent, header is null ? null : Encoding.UTF8.GetString(Base64Url.DecodeFromChars(header)));
    }

    [Fact]
    public void A_helper_that_is_not_there_is_named() =>
        Assert.Contains(
            "docker-credential-nowhere gave no credentials for r.example",
            Assert.Throws<ComposeException>(() => DockerCredentials.Parse("""{"credHelpers":{"r.example":"nowhere"}}"""u8.ToArray()).For("r.example/a")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void What_is_no_image_is_said() =>
        Assert.Contains("invalid reference format", Assert.Throws<ComposeException>(() => DockerCredentials.Parse("{}"u8.ToArray()).For("UPPER case")).Message, StringComparison.Ordinal);
}
