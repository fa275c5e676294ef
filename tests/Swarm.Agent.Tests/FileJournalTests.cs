using Swarm.Model;

namespace Swarm.Agent.Tests;

public sealed class FileJournalTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("agent-journal-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void What_was_appended_is_found_again_the_latest_of_each_task()
    {
        using (var journal = Open(out _))
        {
            journal.Append([new SwarmTask { Id = "a", Slot = 1 }, new SwarmTask { Id = "b" }], [], durable: true);
            journal.Append([new SwarmTask { Id = "a", Slot = 2 }], ["b"], durable: false);
        }

        using var again = Open(out var tasks);
        Assert.Equal([("a", 2UL)], tasks.Select(task => (task.Id, task.Slot)));
    }

    [Fact]
    public void A_tail_torn_at_any_byte_costs_only_the_last_record()
    {
        using (var journal = Open(out _))
        {
            journal.Append([new SwarmTask { Id = "kept" }], [], durable: true);
        }

        var path = Directory.GetFiles(_directory).Single();
        var whole = new FileInfo(path).Length;
        using (var journal = Open(out _))
        {
            journal.Append([new SwarmTask { Id = "torn" }], [], durable: true);
        }

        var bytes = File.ReadAllBytes(path);
        for (var length = whole; length < bytes.Length; length++)
        {
            File.WriteAllBytes(path, bytes[..(int)length]);
            using var journal = Open(out var tasks);
            Assert.Equal(["kept"], tasks.Select(task => task.Id));
            journal.Append([new SwarmTask { Id = "after" }], [], durable: true);
            journal.Dispose();
            using var again = Open(out var later);
            Assert.Equal(["after", "kept"], later.Select(task => task.Id).Order());
        }
    }

    private FileJournal Open(out IReadOnlyList<SwarmTask> tasks)
    {
        var journal = new FileJournal(_directory);
        tasks = journal.Load();
        return journal;
    }
}
