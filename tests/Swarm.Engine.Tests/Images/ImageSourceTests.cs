using System.Net;
using Swarm.Engine.Images;
using Swarm.Engine.Tests.Archives;

namespace Swarm.Engine.Tests.Images;

public sealed class ImageSourceTests
{
    [Fact]
    public async Task An_archive_is_imported_from_where_it_is_downloaded()
    {
        using var room = await ImageRoom.OpenAsync();
        var server = new OneFile(HttpStatusCode.OK, Tar.Of(Tar.File("a", "x")).ToArray());
        using var http = new HttpClient(server);
        await using var archive = await ImageSource.OpenAsync(http, ImageSource.Url("somewhere.example:81/rootfs.tar"), default);
        var image = await room.Images.ImportAsync(archive, new ImageImport { Name = ImageReference.Parse("imported:1"), Changes = ["CMD true"] }, default);
        Assert.Equal(image.Id, room.Images.Find("imported:1")!.Id);
        Assert.Equal("http://somewhere.example:81/rootfs.tar", server.Asked);
    }

    [Fact]
    public async Task A_file_that_is_not_there_and_a_text_that_is_no_url_are_the_clients_fault()
    {
        using var http = new HttpClient(new OneFile(HttpStatusCode.NotFound, []));
        var missing = await Assert.ThrowsAsync<EngineException>(() => ImageSource.OpenAsync(http, ImageSource.Url("https://somewhere.example/a"), default));
        Assert.Equal((400, "failed to GET https://somewhere.example/a with status 404 Not Found"), (missing.Status, missing.Message));
        Assert.Equal(400, Assert.Throws<EngineException>(() => ImageSource.Url("file:///etc/passwd")).Status);
        Assert.Equal(400, Assert.Throws<EngineException>(() => ImageSource.Url("://")).Status);
    }

    [Theory]
    [InlineData("       ", "is an invalid OS component")]
    [InlineData("/", "is an invalid OS component")]
    [InlineData("macos/arm64", "operating system is not supported")]
    [InlineData("macos", "operating system is not supported")]
    public async Task Another_system_than_linux_is_refused(string platform, string why)
    {
        using var room = await ImageRoom.OpenAsync();
        var refusal = await Assert.ThrowsAsync<EngineException>(() => room.Images.ImportAsync(Stream.Null, new ImageImport { Platform = ImagePlatform.Parse(platform) }, default));
        Assert.Equal(400, refusal.Status);
        Assert.Contains(why, refusal.Message, StringComparison.Ordinal);
    }

    private sealed class OneFile(HttpStatusCode status, byte[] content) : HttpMessageHandler
    {
        public string? Asked { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
        {
            Asked = request.RequestUri!.ToString();
            return Task.FromResult(new HttpResponseMessage(status) { Content = new ByteArrayContent(content), ReasonPhrase = "Not Found" });
        }
    }
}
