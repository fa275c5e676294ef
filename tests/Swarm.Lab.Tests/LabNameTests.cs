namespace Swarm.Lab.Tests;

public sealed class LabNameTests
{
    [Theory]
    [InlineData("demo")]
    [InlineData("a")]
    [InlineData("lab-2")]
    public void Plain_names_are_taken(string name) => Assert.Equal(name, LabName.Lab(name));

    [Theory]
    [InlineData("")]
    [InlineData("Demo")]
    [InlineData("2lab")]
    [InlineData("../etc")]
    [InlineData("a b")]
    [InlineData("a-name-that-is-much-too-long")]
    public void Others_are_refused(string name) => Assert.Throws<LabException>(() => LabName.Lab(name));

    [Fact]
    public void The_longest_names_still_make_a_socket_path_that_the_kernel_takes()
    {
        const int socketPathBytes = 108;
        var paths = LabHost.Default(TimeProvider.System).Paths(new string('a', LabName.MaxLabLength), new string('b', LabName.MaxNodeLength));
        Assert.True(paths.Socket.Length < socketPathBytes);
    }
}
