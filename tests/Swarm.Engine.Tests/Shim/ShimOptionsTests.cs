using Swarm.Engine.Shim;

namespace Swarm.Engine.Tests.Shim;

public sealed class ShimOptionsTests
{
    [Fact]
    public void Arguments_say_everything()
    {
        var options = new ShimOptions
        {
            Bundle = "/b", Id = "i", Runtime = "/r", RuntimeRoot = "/rr", Tty = true, Stdin = true, StdinOnce = true,
            Log = "/l", LogMaximumSize = 10, LogMaximumFiles = 3, LogCompressor = "/usr/bin/gzip", ExitFile = "/e", OomFile = "/o", ExecProcess = "p", RuntimeCopy = 3, Cgroup = "/g", LogAttributes = "a", StreamOwner = (100_000, 200_000),
        };
        Assert.Equal(options, ShimOptions.Parse(options.ToPayload()));
    }

    [Fact]
    public void Arguments_of_the_runtime_keep_their_order() =>
        Assert.Equal(
            ["--debug", "--log", "x"],
            ShimOptions.Parse(new ShimOptions { Bundle = "/b", Id = "i", Runtime = "/r", RuntimeRoot = "/rr", RuntimeArguments = ["--debug", "--log", "x"] }.ToArguments()).RuntimeArguments);

    [Fact]
    public void An_unknown_argument_is_refused() =>
        Assert.Throws<ArgumentException>(() => ShimOptions.Parse(["--bundle", "/b", "--id", "i", "--runtime", "/r", "--runtime-root", "/x", "--colour"]));

    [Fact]
    public void An_exit_is_read_as_it_was_written()
    {
        var exit = new ExitRecord(137, 9, true, new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero));
        Assert.Equal(exit, ExitRecord.Parse(exit.ToUtf8()));
    }
}
