using Microsoft.AspNetCore.Http;
using Swarm.Api.Http;

namespace Swarm.Api.Tests.Http;

public sealed class QueryTests
{
    /// <summary>docker-py sends the name of a Dockerfile and its content under one name.</summary>
    [Fact]
    public void Of_a_parameter_that_comes_twice_the_first_value_counts()
    {
        var context = new DefaultHttpContext { Request = { QueryString = new QueryString("?dockerfile=name&dockerfile=content&force=1&force=0&empty=&n=3&n=x") } };
        Assert.Equal("name", context.QueryString("dockerfile"));
        Assert.Equal(["name", "content"], context.QueryStrings("dockerfile"));
        Assert.Equal((true, false, true), (context.QueryBool("force"), context.QueryBool("empty", fallback: true), context.QueryBool("absent", fallback: true)));
        Assert.Equal(3, context.QueryInt("n"));
    }
}
