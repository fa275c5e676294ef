using Microsoft.AspNetCore.Http;
using Swarm.Api.Containers;
using Swarm.Engine;

namespace Swarm.Api.Tests.Http;

public sealed class TerminalSizeTests
{
    [Theory]
    [InlineData("", "invalid syntax")]
    [InlineData("not-a-number", "invalid syntax")]
    [InlineData("-100", "value out of range")]
    [InlineData("4294967296", "value out of range")]
    public void A_wrong_size_is_refused_with_dockers_words(string text, string why)
    {
        var context = new DefaultHttpContext { Request = { QueryString = QueryString.Create("h", text) } };
        var refusal = Assert.Throws<EngineException>(() => ContainerEndpoints.Size(context, "h"));
        Assert.Equal((400, $"invalid resize height \"{text}\": {why}"), (refusal.Status, refusal.Message));
    }

    [Fact]
    public void More_than_the_kernel_has_is_as_much_as_it_has() =>
        Assert.Equal(ushort.MaxValue, ContainerEndpoints.Size(new DefaultHttpContext { Request = { QueryString = QueryString.Create("w", "4294967295") } }, "w"));
}
