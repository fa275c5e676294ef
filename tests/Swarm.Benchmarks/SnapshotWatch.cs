using System.Diagnostics;

namespace Swarm.Benchmarks;

/// <summary>When a store below one of some folders writes a snapshot, and what the writes beside it take.</summary>
internal sealed class SnapshotWatch(params string[] folders)
{
    private static readonly TimeSpan Ask = TimeSpan.FromMilliseconds(2);
    private readonly List<(long Start, long End)> _found = [];

    /// <summary>Notes each: from when its temporary file is seen until it is not.</summary>
    public async Task WatchAsync(CancellationToken cancellation)
    {
        long? start = null;
        while (!cancellation.IsCancellationRequested)
        {
            var writing = folders.Any(folder => Directory.EnumerateFiles(folder, "*.tmp", SearchOption.AllDirectories).Any());
            if (writing && start is null)
            {
                start = Stopwatch.GetTimestamp();
            }
            else if (!writing && start is { } began)
            {
                _found.Add((began, Stopwatch.GetTimestamp()));
                start = null;
            }

            await Task.Delay(Ask, CancellationToken.None);
        }
    }

    public void Report(IReadOnlyCollection<(long Start, long End)> writes, string of, Figures figures)
    {
        Console.Error.WriteLine($"{writes.Count} writes, {_found.Count} snapshots");
        var during = writes.Where(Beside).Select(Milliseconds).ToList();
        var between = writes.Where(write => !Beside(write)).Select(Milliseconds).ToList();
        figures.Add($"writes while a snapshot of {of} is taken", "", "<= 100 ms", during.Count == 0 ? [0] : during, "ms");
        figures.Add("writes while none is taken", "", "", between.Count == 0 ? [0] : between, "ms");
        figures.Add("slowest of a thousand writes while a snapshot is taken", "", "<= 100 ms", [SlowestOfThousand(during)], "ms");
        figures.Add("slowest of a thousand writes while none is taken", "", "", [SlowestOfThousand(between)], "ms");
    }

    private bool Beside((long Start, long End) write) => _found.Exists(snapshot => write.End > snapshot.Start && write.Start < snapshot.End);

    private static double SlowestOfThousand(List<double> milliseconds) => milliseconds.Count == 0 ? 0 : milliseconds.Order().ElementAt(milliseconds.Count * 999 / 1000);

    private static double Milliseconds((long Start, long End) write) => Stopwatch.GetElapsedTime(write.Start, write.End).TotalMilliseconds;
}
