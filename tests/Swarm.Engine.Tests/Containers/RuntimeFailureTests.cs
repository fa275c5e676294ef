using Swarm.Engine.Runtime;

namespace Swarm.Engine.Tests.Containers;

/// <summary>What crun and runc say, as Docker's statuses and exit codes.</summary>
public sealed class RuntimeFailureTests
{
    [Theory]
    [InlineData("executable file `nope` not found in $PATH: No such file or directory", 400, 127)]
    [InlineData("exec: \"nope\": executable file not found in $PATH", 400, 127)]
    [InlineData("chdir to `/nope`: No such file or directory", 400, 127)]
    [InlineData("chdir to cwd (\"/nope\") set in config.json failed: no such file or directory", 400, 127)]
    [InlineData("open executable: Operation not permitted", 400, 126)]
    [InlineData("exec: \"nope\": permission denied", 400, 126)]
    [InlineData("chdir `/bin/sh`: Not a directory", 400, 127)]
    [InlineData("the container `c1` is not running", 409, 126)]
    [InlineData("cannot exec in a stopped container", 409, 126)]
    [InlineData("something else", 500, 128)]
    public void A_failed_exec_has_dockers_status_and_exit_code(string said, int status, int exitCode)
    {
        foreach (var log in new[] { said, $$"""{"msg":{{System.Text.Json.JsonSerializer.Serialize(said)}},"level":"error"}""" })
        {
            var failure = RuntimeFailure.Explain(log, "nope", isExec: true);
            Assert.Equal((status, exitCode), (failure.Status, failure.ExitCode));
            Assert.StartsWith("OCI runtime exec failed: exec failed: ", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_container_that_is_being_made_is_not_one_that_has_ended() =>
        Assert.Equal(500, RuntimeFailure.Explain("the container `c1` is not running", "sh", isExec: false).Status);
}
