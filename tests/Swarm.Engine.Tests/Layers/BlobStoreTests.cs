using Swarm.Engine.Layers;
using Swarm.Registry;

namespace Swarm.Engine.Tests.Layers;

public sealed class BlobStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Blob_is_found_by_the_digest_of_its_content()
    {
        var blobs = new BlobStore(_folder["blobs"]);
        var digest = blobs.Write("hello"u8);
        Assert.Equal("hello"u8.ToArray(), new BlobStore(_folder["blobs"]).Read(digest, 100));
        Assert.Equal([digest], blobs.All());
    }

    [Fact]
    public void Wrong_digest_or_size_keeps_nothing()
    {
        var blobs = new BlobStore(_folder["blobs"]);
        using (var ingest = blobs.Begin(100))
        {
            ingest.Append("hello"u8);
            Assert.Throws<InvalidDataException>(() => ingest.Commit(Digest.Of("other"u8)));
        }

        using (var ingest = blobs.Begin(4))
        {
            Assert.Throws<InvalidDataException>(() => ingest.Append("hello"u8));
        }

        Assert.Empty(blobs.All());
        Assert.Empty(Directory.GetFiles(_folder["blobs"], "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Damaged_blob_is_noticed_when_read()
    {
        var blobs = new BlobStore(_folder["blobs"]);
        var digest = blobs.Write("hello"u8);
        File.WriteAllText(_folder["blobs/sha256/" + digest.Hex], "hellO");
        Assert.Throws<InvalidDataException>(() => blobs.Read(digest, 100));
    }

    [Theory]
    [InlineData("sha256:../../etc/passwd")]
    [InlineData("sha256:ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD")]
    [InlineData("md5:d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("")]
    [InlineData(null)]
    public void Text_that_is_no_digest_never_becomes_a_path(string? text) => Assert.Throws<InvalidDataException>(() => Digest.Parse(text));
}
