using Swarm.Lab.Processes;
using Swarm.Lab.State;

namespace Swarm.Lab.Tests.State;

public sealed class LabStoreTests
{
    [Fact]
    public void What_is_saved_is_read_by_another_process()
    {
        using var temporary = new TemporaryHost();
        var record = Records.Lab() with { Partition = [["m1"], ["m2", "m3"]] };
        record = record.With(record.Nodes[0] with { Daemon = new ProcessIdentity(42, 123456789012) });
        new LabStore(temporary.Host).Save(record);

        var read = new LabStore(temporary.Host).Get("demo");
        Assert.Equal(record.Nodes.AsEnumerable(), read.Nodes.AsEnumerable());
        Assert.Equal(["m2", "m3"], read.Partition[1].AsEnumerable());
        Assert.Equal((record.Index, record.Binary, record.Created), (read.Index, read.Binary, read.Created));
    }

    [Fact]
    public void Cuts_and_loss_are_kept_and_a_record_of_an_older_binary_gets_the_cuts_of_its_partition()
    {
        using var temporary = new TemporaryHost();
        var store = new LabStore(temporary.Host);
        var record = Records.Lab() with { Cuts = [new("m1", "m2")], DiskBytes = 1 << 26 };
        store.Save(record.With(record.Nodes[0] with { Loss = 0.25 }));
        Assert.Equal([new Swarm.Lab.Network.Cut("m1", "m2")], store.Get("demo").Cuts.AsEnumerable());
        Assert.Equal((0.25, 1L << 26), (store.Get("demo").Nodes[0].Loss, store.Get("demo").DiskBytes));

        File.WriteAllText(temporary.Host.StateFile("demo"), """
            {"name":"demo","index":4,"binary":"/bin/true","created":"2026-01-01T00:00:00+00:00","partition":[["m1"],["m2"]],
             "nodes":[{"name":"m1","role":"Manager","host":11},{"name":"m2","role":"Manager","host":12}]}
            """);
        Assert.Equal("m1->m2 m2->m1", string.Join(' ', store.Get("demo").Cuts));
    }

    [Fact]
    public void A_folder_without_a_record_is_no_lab()
    {
        using var temporary = new TemporaryHost();
        Directory.CreateDirectory(temporary.Host.LabData("half"));
        new LabStore(temporary.Host).Save(Records.Lab());
        Assert.Equal(["demo"], new LabStore(temporary.Host).Names());
    }

    [Fact]
    public void An_unknown_lab_is_answered_with_the_known_ones()
    {
        using var temporary = new TemporaryHost();
        var store = new LabStore(temporary.Host);
        Assert.Equal("there is no lab 'x': make one with 'swarm lab up'", Assert.Throws<LabException>(() => store.Get("x")).Message);
        store.Save(Records.Lab());
        Assert.Equal("there is no lab 'x': the labs are demo", Assert.Throws<LabException>(() => store.Get("x")).Message);
    }

    [Fact]
    public void A_damaged_record_names_its_file()
    {
        using var temporary = new TemporaryHost();
        Directory.CreateDirectory(temporary.Host.LabData("demo"));
        File.WriteAllText(temporary.Host.StateFile("demo"), "{");
        Assert.Contains(temporary.Host.StateFile("demo"), Assert.Throws<LabException>(() => new LabStore(temporary.Host).Get("demo")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_one_command_at_a_time_changes_a_lab()
    {
        using var temporary = new TemporaryHost();
        var first = await LabLock.TakeAsync(temporary.Host, "demo", CancellationToken.None);
        var second = LabLock.TakeAsync(temporary.Host, "demo", CancellationToken.None);
        using var other = await LabLock.TakeAsync(temporary.Host, "other", CancellationToken.None);
        Assert.False(second.IsCompleted);
        first.Dispose();
        (await second.WaitAsync(TimeSpan.FromSeconds(30))).Dispose();
    }
}
