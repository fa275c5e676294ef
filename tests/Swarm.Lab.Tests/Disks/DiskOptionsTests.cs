using Swarm.Lab.Processes;

namespace Swarm.Lab.Tests.Disks;

public sealed class DiskOptionsTests
{
    [Theory]
    [InlineData(64L << 20, 16)]
    [InlineData(512L << 20, 5)]
    public void Possible_disks_are_taken(long bytes, int nodes) => LabOptions.CheckDisks(bytes, nodes);

    [Fact]
    public void Without_disks_there_may_be_many_nodes() => LabOptions.CheckDisks(null, 200);

    [Theory]
    [InlineData((64L << 20) - 1, 1, "a disk of 67108863 bytes is impossible: 64 MiB to 64 GiB")]
    [InlineData(0, 1, "a disk of 0 bytes is impossible: 64 MiB to 64 GiB")]
    [InlineData((64L << 30) + 1, 1, "a disk of 68719476737 bytes is impossible: 64 MiB to 64 GiB")]
    [InlineData(512L << 20, 17, "17 nodes with disks of their own are too many: at most 16")]
    public void Impossible_ones_are_refused(long bytes, int nodes, string message) =>
        Assert.Equal(message, Assert.Throws<LabException>(() => LabOptions.CheckDisks(bytes, nodes)).Message);

    [Theory]
    [InlineData(20, "20000")]
    [InlineData(250, "250000")]
    [InlineData(null, "max")]
    public void A_share_of_a_processor_is_a_quota_of_a_tenth_of_a_second(int? percent, string quota) => Assert.Equal(quota, CpuLimit.Quota(percent, "max"));
}
