using System.Collections.Immutable;
using Swarm.Manager.Scheduling;
using Swarm.Model;

namespace Swarm.Manager.Tests.Scheduling;

public sealed class ConstraintTests
{
    private static readonly Node Node = new()
    {
        Id = "n1",
        Role = NodeRole.Manager,
        Spec = new NodeSpec { Annotations = new Annotations { Labels = ImmutableSortedDictionary<string, string>.Empty.Add("zone", "North") } },
        Description = new NodeDescription { Hostname = "alpha", Platform = new Platform { Os = "linux", Architecture = "x86_64" } },
        Status = new NodeStatus { Address = "10.1.2.3" },
    };

    [Theory]
    [InlineData("node.id==n1", true)]
    [InlineData("node.id != n1", false)]
    [InlineData("node.hostname==ALPHA", true)]
    [InlineData("node.role==worker", false)]
    [InlineData("node.role!=worker", true)]
    [InlineData("node.labels.zone==north", true)]
    [InlineData("node.labels.disk!=ssd", true)]
    [InlineData("node.labels.disk==ssd", false)]
    [InlineData("node.platform.arch==amd64", true)]
    [InlineData("node.platform.arch==x86_64", true)]
    [InlineData("node.platform.arch!=arm64", true)]
    [InlineData("node.ip==10.1.0.0/16", true)]
    [InlineData("node.ip!=10.1.2.3", false)]
    [InlineData("node.colour==red", false)]
    [InlineData("node.colour!=red", false)]
    public void A_node_satisfies(string expression, bool satisfied)
    {
        var parsed = Constraint.Parse([expression], out var error);
        Assert.Null(error);
        Assert.Equal(satisfied, parsed!.Value.Single().IsSatisfiedBy(Node));
    }

    [Theory]
    [InlineData("node.role", "constraint expected one operator from ==, !=")]
    [InlineData("1node==x", "key '1node' is invalid")]
    [InlineData("node.role==", "value '' is invalid")]
    [InlineData("node.role==a>b", "value 'a>b' is invalid")]
    public void A_wrong_expression_is_refused_in_Dockers_words(string expression, string text)
    {
        Assert.Null(Constraint.Parse([expression], out var error));
        Assert.Equal(text, error);
    }
}
