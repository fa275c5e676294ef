using System.Text;

namespace Swarm.Registry.Tests;

public sealed class ManifestTests
{
    [Theory]
    [InlineData("""{"schemaVersion":1}""")]
    [InlineData("""{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}""")]
    [InlineData("""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}""")]
    [InlineData("""{"schemaVersion":2,"schemaVersion":2,"config":{},"layers":[]}""")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("<html>")]
    public void Ambiguous_or_incomplete_manifest_is_refused(string json) =>
        Assert.Throws<InvalidDataException>(() => Manifest.Parse(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void Manifest_of_too_many_layers_is_refused()
    {
        var layers = string.Join(',', Enumerable.Repeat("{}", Manifest.MaxLayers + 1));
        Assert.Throws<InvalidDataException>(() => Manifest.Parse(Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"config":{},"layers":[{{layers}}]}""")));
    }

    [Fact]
    public void Index_is_asked_by_platform()
    {
        var index = Manifest.Parse("""
            {"schemaVersion":2,"manifests":[
              {"digest":"sha256:a","platform":{"os":"linux","architecture":"arm64"}},
              {"digest":"sha256:b","platform":{"os":"linux","architecture":"amd64"}}]}
            """u8);
        Assert.True(index.IsIndex);
        Assert.Equal("sha256:b", index.For("linux", "amd64")!.Digest);
        Assert.Null(index.For("windows", "amd64"));
    }

    [Theory]
    [InlineData("127.0.0.1:5000", true)]
    [InlineData("127.9.9.9", true)]
    [InlineData("[::1]:5000", true)]
    [InlineData("localhost:5000", true)]
    [InlineData("configured.example:80", true)]
    [InlineData("10.0.0.1:5000", false)]
    [InlineData("docker.io", false)]
    [InlineData("127.0.0.1.example.com", false)]
    public void Plain_HTTP_is_for_loopback_and_what_is_configured(string host, bool insecure)
    {
        var options = new RegistryOptions { InsecureRegistries = new HashSet<string> { "configured.example:80" } };
        Assert.Equal(insecure, options.IsInsecure(host));
    }

    [Theory]
    [InlineData("Basic realm=\"x\"", "basic", "x")]
    [InlineData("Bearer realm=\"https://a/t\",service=\"s\"", "bearer", "https://a/t")]
    [InlineData("Bearer service=s, realm=x", "bearer", "x")]
    public void Challenge_is_read(string header, string scheme, string realm)
    {
        var challenge = Challenge.Parse(header)!;
        Assert.Equal((scheme, realm), (challenge.Scheme, challenge["realm"]));
    }

    [Theory]
    [InlineData("Bearer realm=\"unclosed")]
    [InlineData("Bearer nothing")]
    public void Malformed_challenge_is_not_guessed_at(string header) => Assert.Null(Challenge.Parse(header));
}
