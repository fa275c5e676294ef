using Swarm.Lab;
using Swarm.Lab.Processes;
using LabApi = Swarm.Lab.Lab;

namespace Swarm.EndToEnd;

/// <summary>A lab comes without asking and goes without a trace.</summary>
[Collection(LabFixture.Name)]
public sealed class LabLifeTests(LabFixture lab)
{
    private const string Second = "e2e-second";

    [Fact]
    public async Task A_second_lab_stands_beside_the_first_and_leaves_nothing_behind_though_a_node_is_paused_and_another_cut_off()
    {
        var before = Trace();
        var second = await LabApi.UpAsync(lab.Host, Options(), _ => { }, CancellationToken.None);
        try
        {
            using (var client = second.Connect("m1"))
            {
                await client.CreateServiceAsync(Specs.Sleepers("left", 4), LabFixture.Soon());
                await lab.UntilAsync("the second lab runs four tasks", async () =>
                    (await client.TasksAsync(LabFixture.Soon())).Count(t => t.Status?.State == "running") == 4 ? "four" : null);
            }

            Assert.NotEqual(before, Trace());
            await second.PartitionAsync(["w1"], CancellationToken.None);
            await second.PauseAsync(["m1"], CancellationToken.None);
        }
        finally
        {
            await LabApi.DownAsync(lab.Host, Second, CancellationToken.None);
        }

        Assert.Equal(before, Trace());
        Assert.DoesNotContain(Second, LabApi.Names(lab.Host));
    }

    [Fact]
    public async Task Cancelling_up_takes_down_what_was_made()
    {
        var before = Trace();
        using var cancelled = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            LabApi.UpAsync(lab.Host, Options(), _ => cancelled.Cancel(), cancelled.Token));
        Assert.Equal(before, Trace());
    }

    [Fact]
    public async Task A_name_that_stands_is_refused_and_the_standing_lab_is_not_touched()
    {
        var refused = await Assert.ThrowsAsync<LabException>(() =>
            LabApi.UpAsync(lab.Host, Options() with { Name = LabFixture.Name }, _ => { }, CancellationToken.None));
        Assert.StartsWith("lab e2e stands already", refused.Message, StringComparison.Ordinal);
        Assert.Equal(5, lab.Lab.Running().Count);
    }

    private static LabOptions Options() => new() { Name = Second, Managers = 1, Workers = 1, Binary = LabFixture.Binary };

    /// <summary>Everything on this machine that could stay behind: processes of the binary and of labs, mounts, namespaces, groups, links, folders.</summary>
    private static string Trace()
    {
        var lines = new List<string>();
        lines.AddRange(MountTable.Read().Select(m => $"mount {m.Target} {m.Type}"));
        lines.AddRange(Folder(MountTable.NamespaceFolder).Select(n => "namespace " + n));
        lines.AddRange(Folder("/sys/class/net").Select(n => "link " + n));
        lines.AddRange(Folder("/var/lib/swarm/labs").Concat(Folder("/run/swarm/labs")).Select(n => "folder " + n));
        lines.AddRange(MountTable.Read().Where(m => m.Type is "cgroup" or "cgroup2").SelectMany(m => Directory.EnumerateDirectories(m.Target, "swarm-*")).Select(g => "group " + g));
        lines.AddRange(ProcFs.All().Where(p => !p.Dead && ProcFs.Cgroups(p.Identity.Pid).Any(c => c.Contains($"swarm-{Second}", StringComparison.Ordinal))).Select(p => $"process {p.Identity}"));
        lines.AddRange(ProcFs.All().Where(p => !p.Dead && Arguments(p.Identity.Pid).Contains($"/{Second}/", StringComparison.Ordinal)).Select(p => $"process {p.Identity}"));
        return string.Join('\n', lines.Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Folder(string path) =>
        Directory.Exists(path) ? Directory.EnumerateFileSystemEntries(path).Where(p => !Path.GetFileName(p).StartsWith('.')) : [];

    private static string Arguments(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }
}
