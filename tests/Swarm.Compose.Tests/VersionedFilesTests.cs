using System.Text;
using Swarm.Compose.Conversion;
using Swarm.Compose.Deployment;

namespace Swarm.Compose.Tests;

public sealed class VersionedFilesTests
{
    private static readonly StackFile Key = new("key", "shop_key", "new"u8.ToArray(), new Dictionary<string, string?>(), null);

    [Fact]
    public void The_first_version_has_dockers_name_and_each_changed_one_a_number()
    {
        Assert.Equal("shop_key", Of().NextName(Key));
        Assert.Equal("shop_key.2", Of(("shop_key", "old")).NextName(Key));
        Assert.Equal("shop_key.12", Of(("shop_key.11", "old"), ("shop_key.2", "older")).NextName(Key));
    }

    [Fact]
    public void The_same_content_is_found_again_in_a_secret_and_in_a_config()
    {
        Assert.Null(Of(("shop_key", "old")).Same(Key));
        Assert.Equal("shop_key.2", Of(("shop_key", "old"), ("shop_key.2", "new")).Same(Key)!.Name);
        var config = new DeployedFile("id", "shop_key", Labels(null), "new"u8.ToArray());
        Assert.Same(config, new VersionedFiles("shop", [config]).Same(Key));
    }

    [Fact]
    public void What_is_not_the_stacks_is_left_alone()
    {
        var foreign = new VersionedFiles("shop", [new DeployedFile("id", "shop_key", new Dictionary<string, string?>(), "new"u8.ToArray())]);
        Assert.Null(foreign.Same(Key));
        Assert.Contains("is there already and not of the stack shop", Assert.Throws<ComposeException>(() => foreign.NextName(Key)).Message, StringComparison.Ordinal);
        Assert.Equal("shop_key", new VersionedFiles("shop", [new DeployedFile("id", "shop_key.backup", Labels(null), null)]).NextName(Key));
    }

    [Fact]
    public void A_name_that_no_cluster_takes_is_refused() =>
        Assert.Contains("longer than 64", Assert.Throws<ComposeException>(() => Of().NextName(Key with { Name = new string('n', 65) })).Message, StringComparison.Ordinal);

    [Fact]
    public void A_mark_fits_its_content_alone_and_is_never_twice_the_same()
    {
        var mark = ContentMark.Of("a"u8);
        Assert.True(ContentMark.Fits(mark, "a"u8));
        Assert.False(ContentMark.Fits(mark, "b"u8));
        Assert.NotEqual(mark, ContentMark.Of("a"u8));
        Assert.All(new[] { null, "", ".", "x.y", mark + "0", mark.Replace('.', '0') }, wrong => Assert.False(ContentMark.Fits(wrong, "a"u8)));
    }

    private static VersionedFiles Of(params (string Name, string Content)[] secrets) =>
        new("shop", [.. secrets.Select(one => new DeployedFile("id-" + one.Name, one.Name, Labels(ContentMark.Of(Encoding.UTF8.GetBytes(one.Content))), null))]);

    private static Dictionary<string, string?> Labels(string? mark) =>
        new() { [StackLabels.Namespace] = "shop", [StackLabels.Key] = "key", [StackLabels.Mark] = mark };
}
