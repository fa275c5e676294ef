using Swarm.Engine.Images;

namespace Swarm.Engine.Tests.Images;

public sealed class ImageReferenceTests
{
    private const string Sha = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Theory]
    [InlineData("busybox", "docker.io/library/busybox:latest", "busybox:latest")]
    [InlineData("busybox:1.37", "docker.io/library/busybox:1.37", "busybox:1.37")]
    [InlineData("docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest")]
    [InlineData("index.docker.io/team/app", "docker.io/team/app:latest", "team/app:latest")]
    [InlineData("team/app", "docker.io/team/app:latest", "team/app:latest")]
    [InlineData("library/busybox", "docker.io/library/busybox:latest", "busybox:latest")]
    [InlineData("localhost/a", "localhost/a:latest", "localhost/a:latest")]
    [InlineData("localhost:5000/a/b:tag", "localhost:5000/a/b:tag", "localhost:5000/a/b:tag")]
    [InlineData("127.0.0.1:5000/a", "127.0.0.1:5000/a:latest", "127.0.0.1:5000/a:latest")]
    [InlineData("[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000/a:latest")]
    [InlineData("gcr.io/x/y/z", "gcr.io/x/y/z:latest", "gcr.io/x/y/z:latest")]
    [InlineData("a/b__c.d-e", "docker.io/a/b__c.d-e:latest", "a/b__c.d-e:latest")]
    [InlineData("busybox@" + Sha, "docker.io/library/busybox@" + Sha, "busybox@" + Sha)]
    [InlineData("busybox:1@" + Sha, "docker.io/library/busybox:1@" + Sha, "busybox:1@" + Sha)]
    public void Name_is_normalised_as_Docker_does(string text, string canonical, string familiar)
    {
        var reference = ImageReference.Parse(text).WithDefaultTag();
        Assert.Equal((canonical, familiar), (reference.Canonical, reference.Familiar));
        Assert.Equal(reference, ImageReference.Parse(reference.Canonical));
    }

    [Theory]
    [InlineData("")]
    [InlineData(":tag")]
    [InlineData("busybox:")]
    [InlineData("a//b")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("../etc/passwd")]
    [InlineData("a..b")]
    [InlineData("a b")]
    [InlineData("a:t\n")]
    [InlineData("a@sha256:123")]
    [InlineData("a@md5:d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("-a")]
    [InlineData("host:port/a")]
    public void What_is_no_name_is_refused(string text)
    {
        var error = Assert.Throws<EngineException>(() => ImageReference.Parse(text));
        Assert.Equal((400, "invalid reference format"), (error.Status, error.Message));
    }

    [Fact]
    public void Upper_case_is_refused_by_name() =>
        Assert.Contains("(library/Busybox) must be lowercase", Assert.Throws<EngineException>(() => ImageReference.Parse("Busybox")).Message);

    [Fact]
    public void Name_that_looks_like_an_id_is_refused() =>
        Assert.Contains("64-byte hexadecimal", Assert.Throws<EngineException>(() => ImageReference.Parse(Sha[7..])).Message);

    [Fact]
    public void Too_long_name_is_refused() =>
        Assert.Contains("255", Assert.Throws<EngineException>(() => ImageReference.Parse(new string('a', 256))).Message);
}
