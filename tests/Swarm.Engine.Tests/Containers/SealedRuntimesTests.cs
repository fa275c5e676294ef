using Swarm.Engine.Runtime;
using Swarm.Linux;

namespace Swarm.Engine.Tests.Containers;

public sealed class SealedRuntimesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sealed").FullName;
    private readonly SealedRuntimes _copies = new();

    private string Program => Path.Combine(_folder, "crun");

    public SealedRuntimesTests() => File.Copy("/bin/true", Program);

    public void Dispose()
    {
        _copies.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_copy_runs_and_cannot_be_written()
    {
        Assert.Equal(0, Run());
        Assert.ThrowsAny<Exception>(() => File.WriteAllText(_copies.PathOf(Program), "x"));
        Assert.Equal(File.ReadAllBytes(Program), File.ReadAllBytes(_copies.PathOf(Program)));
    }

    [Fact]
    public void One_copy_serves_all_starts() => Assert.Equal(_copies.Of(Program), _copies.Of(Program));

    [Fact]
    public void A_new_version_of_the_file_is_copied_anew()
    {
        Assert.Equal(0, Run());
        var before = File.ReadAllBytes(_copies.PathOf(Program));
        File.Copy("/bin/echo", Program + ".new");
        File.Move(Program + ".new", Program, overwrite: true);
        Assert.NotEqual(before, File.ReadAllBytes(_copies.PathOf(Program)));
    }

    [Fact]
    public void What_does_not_run_from_memory_is_run_from_its_file()
    {
        File.WriteAllText(Program, "not a program");
        Assert.Equal(Program, _copies.PathOf(Program));
    }

    [Fact]
    public void What_does_not_copy_itself_is_run_from_its_file() => Assert.Equal("/bin/true", _copies.PathOf("/bin/true"));

    [Fact]
    public void What_is_not_there_is_left_to_the_start_to_refuse() => Assert.Equal(Program + "x", _copies.PathOf(Program + "x"));

    private int Run() => ChildProcess.Wait(ChildProcess.Start(_copies.PathOf(Program), [Program], [], [], newSession: false))!.Value.ExitCode;
}
