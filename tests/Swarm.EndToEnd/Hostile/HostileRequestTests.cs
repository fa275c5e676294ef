using System.Globalization;
using Xunit.Abstractions;

namespace Swarm.EndToEnd.Hostile;

/// <summary>
/// Malformed and hostile requests against a real node: it answers each as a client's fault, does not fall over, and keeps nothing of them.
/// SWARM_HOSTILE_REQUESTS says how many (100000 takes minutes), SWARM_HOSTILE_SEED which.
/// </summary>
public sealed class HostileRequestTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Workers = 16, Batch = 1000, MaximumFindings = 30;

    /// <summary>Descriptors that one batch may leave more than the one before: what the pool of threads and sockets has just open.</summary>
    private const int DescriptorSlack = 40;

    /// <summary>After the heap has settled.</summary>
    private const double MaximumKilobytesPerThousand = 400;
    private const int BatchesToSettle = 20;

    private static readonly int Count = FromEnvironment("SWARM_HOSTILE_REQUESTS", 3000), Seed = FromEnvironment("SWARM_HOSTILE_SEED", 1);
    private readonly Dictionary<int, int> _statuses = [];
    private readonly Dictionary<string, int> _dockers500 = [];
    private readonly List<string> _findings = [];
    private OneNode _node = null!;

    public async Task InitializeAsync() => _node = await OneNode.UpAsync("hostile", output.WriteLine);

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task Hostile_requests_are_answered_and_leave_nothing_behind()
    {
        var daemon = _node.DaemonPid;
        List<(int Descriptors, long Kilobytes)> kept = [];
        for (var first = 0; first < Count && _findings.Count < MaximumFindings; first += Batch)
        {
            await FurnishAsync();
            var next = first - 1;
            var end = Math.Min(first + Batch, Count);
            await Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Task.Run(async () =>
            {
                for (var number = Interlocked.Increment(ref next); number < end; number = Interlocked.Increment(ref next))
                {
                    await JudgeAsync(number);
                }
            })));
            await _node.EmptyAsync();
            Assert.True(_node.DaemonPid == daemon, $"the daemon ended in requests {first}..{end} of seed {Seed}\n{_node.Log()}");
            kept.Add((Directory.GetFiles($"/proc/{daemon}/fd").Length, ResidentKilobytes(daemon)));
            output.WriteLine($"{DateTime.UtcNow:HH:mm:ss} {end} requests: {kept[^1].Descriptors} descriptors, {kept[^1].Kilobytes} kB");
        }

        output.WriteLine(string.Join(", ", _statuses.OrderBy(s => s.Key).Select(s => $"{s.Key}: {s.Value}")));
        output.WriteLine("500 as in Docker: " + string.Join(", ", _dockers500.Select(s => $"{s.Key}: {s.Value}")));
        Assert.True(_findings.Count == 0, $"seed {Seed}:\n{string.Join("\n----\n", _findings)}\n{_node.Log()}");
        Assert.True(kept[^1].Descriptors <= kept[0].Descriptors + DescriptorSlack, $"descriptors after each batch: {string.Join(' ', kept.Select(k => k.Descriptors))}");
        var settled = kept.Skip(BatchesToSettle).ToList();
        if (settled.Count > BatchesToSettle)
        {
            var slope = (settled[^1].Kilobytes - settled[0].Kilobytes) / (double)(settled.Count - 1);
            output.WriteLine($"{slope:0} kB per thousand requests");
            Assert.True(slope < MaximumKilobytesPerThousand, $"kB after each batch: {string.Join(' ', kept.Select(k => k.Kilobytes))}");
        }
    }

    private async Task JudgeAsync(int number)
    {
        var request = HostileRequest.Make(Seed, number);
        HostileAnswer answer;
        try
        {
            answer = await HostileClient.SendAsync(_node.Paths.Socket, request);
        }
        catch (Exception e)
        {
            Find(number, request, $"the client cannot speak to the daemon: {e}");
            return;
        }

        lock (_statuses)
        {
            _statuses[answer.Status] = _statuses.GetValueOrDefault(answer.Status) + 1;
        }

        if (answer is { Status: >= 500 and not (501 or 503) } && (request.WellFormed || answer.Status != 505) && !IsDockers500(answer))
        {
            Find(number, request, answer.Text);
        }
        else if (answer.Status == 0 && request is { WellFormed: true, Leaves: false, MayStaySilent: false } && !(request.HalfClose && request.Body.Length > 0))
        {
            Find(number, request, answer.TimedOut ? "no answer" : "closed without an answer: " + answer.Text);
        }
        else if (answer.Status is >= 400 and not 426 && request.WellFormed && !request.IsHead
            && !(answer.IsJson && answer.Text.Contains("\"message\":", StringComparison.Ordinal)) && !IsHttpItself(answer))
        {
            Find(number, request, "not Docker's shape of a refusal: " + answer.Text);
        }
    }

    /// <summary>What is 500 in Docker too: a version that is not the object's, and what fails outside of the daemon (the runtime refuses, no registry answers).</summary>
    private static readonly string[] Dockers500 = ["update out of sequence", "OCI runtime ", "Get \\\"http"];

    private bool IsDockers500(HostileAnswer answer)
    {
        if (Array.Find(Dockers500, text => answer.Text.Contains(text, StringComparison.Ordinal)) is not { } said)
        {
            return false;
        }

        var words = answer.Text[answer.Text.IndexOf(said, StringComparison.Ordinal)..].Split(' ');
        lock (_statuses)
        {
            var kind = string.Join(' ', words.Take(said.Contains("http", StringComparison.Ordinal) ? 1 : 4));
            _dockers500[kind] = _dockers500.GetValueOrDefault(kind) + 1;
        }

        return true;
    }

    /// <summary>Refused before any endpoint: the request's line or its headers are too long.</summary>
    private static bool IsHttpItself(HostileAnswer answer) => answer.Status is 400 or 408 or 413 or 414 or 431 && answer.Text.Contains("Content-Length: 0", StringComparison.Ordinal);

    private void Find(int number, HostileRequest request, string what)
    {
        lock (_findings)
        {
            _findings.Add($"request {number}:\n{request}\nanswer: {what[..Math.Min(what.Length, 1500)]}");
        }
    }

    /// <summary>Something to be hostile to: a container that runs, one that never did, one that ended.</summary>
    private async Task FurnishAsync()
    {
        // Some request may have removed the image, and may.
        await _node.LoadBusyboxAsync();
        await _node.DockerAsync("run", "-d", "--name", "hostile-1", "--network", "none", "-v", "vol:/x", "busybox", "sleep", "1000");
        await _node.DockerAsync("create", "--name", "hostile-2", "-it", "--network", "none", "busybox", "sh");
        await _node.DockerAsync("run", "--name", "hostile-3", "--network", "none", "busybox", "true");
    }

    private static long ResidentKilobytes(int pid) =>
        long.Parse(File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    private static int FromEnvironment(string name, int fallback) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : fallback;
}
