using System.Diagnostics;
using Swarm.Lab.Processes;

namespace Swarm.Lab.Tests.Processes;

public sealed class ProcFsTests
{
    [Fact]
    public void A_name_with_parentheses_and_blanks_does_not_shift_the_fields()
    {
        var entry = ProcFs.ParseStat("77 (a) S 1 (b) T 12 77 77 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 998877 1 2 3 4 5");
        Assert.Equal(new ProcessEntry(new ProcessIdentity(77, 998877), 12, 'T'), entry);
    }

    [Fact]
    public void This_process_is_found_and_alive()
    {
        var own = ProcFs.Find(Environment.ProcessId);
        Assert.False(own!.Dead);
        Assert.Equal(own.Identity, ProcFs.Find(own.Identity)!.Identity);
        Assert.Contains(ProcFs.All(), p => p.Identity == own.Identity);
    }

    [Fact]
    public void Another_process_with_the_same_number_is_not_the_recorded_one()
    {
        var own = ProcFs.Find(Environment.ProcessId)!.Identity;
        Assert.Null(ProcFs.Find(own with { StartTime = own.StartTime + 1 }));
        Assert.Null(PidFd.Open(own with { StartTime = own.StartTime + 1 }));
    }

    [Fact]
    public void Memory_of_this_process_is_counted_in_bytes() =>
        Assert.InRange(ProcFs.ProportionalSetSize(Environment.ProcessId)!.Value, 1024 * 1024, 1L << 36);

    [Fact]
    public void A_signalled_process_ends_and_is_no_longer_found()
    {
        using var sleep = Process.Start("sleep", "1000");
        var identity = ProcFs.Find(sleep.Id)!.Identity;
        using (var handle = PidFd.Open(identity)!)
        {
            handle.Signal(PidFd.SigKill);
            Assert.True(handle.WaitExit(TimeSpan.FromSeconds(30)));
        }

        Assert.Null(ProcFs.Find(identity));
        Assert.Null(PidFd.Open(identity));
    }

    [Theory]
    [InlineData("/swarm-demo/m1", true)]
    [InlineData("/swarm-demo/m1/abc", true)]
    [InlineData("/swarm-demo/m10", false)]
    [InlineData("/swarm-demo", false)]
    public void A_folder_s_name_is_not_taken_for_the_start_of_another(string path, bool inside) =>
        Assert.Equal(inside, NodeProcesses.IsInside(path, "/swarm-demo/m1"));
}
