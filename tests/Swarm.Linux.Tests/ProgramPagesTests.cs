namespace Swarm.Linux.Tests;

public sealed class ProgramPagesTests
{
    [Fact]
    public void Code_that_was_let_go_of_is_resident_again_only_as_far_as_it_runs()
    {
        var runtime = File.ReadLines("/proc/self/maps").Select(line => line.Split(' ')[^1]).First(path => path.EndsWith("/libcoreclr.so", StringComparison.Ordinal));
        var before = ProgramPages.Resident(runtime);
        Assert.InRange(ProgramPages.Release(runtime), 1, before);
        GC.Collect();
        Assert.InRange(ProgramPages.Resident(runtime), 1, before - 1);
    }

    [Fact]
    public void A_file_that_is_not_mapped_has_no_pages() => Assert.Equal((0, 0), (ProgramPages.Release("/etc/passwd"), ProgramPages.Resident("/etc/passwd")));
}
