using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Swarm.Benchmarks;

/// <summary>
/// Three members of etcd on loopback, fsync on, for a measure of what this machine's disk and processors give: values of 1 KB put through the JSON gateway
/// of each member in turn. The client is the same kind as that of <see cref="ServiceFigures"/>, one kept connection each.
/// </summary>
internal static class EtcdFigures
{
    private const int Members = 3, ValueSize = 1024;

    /// <summary>Why there is nothing to measure; null if there is.</summary>
    public static string? Missing => Find() is null ? "etcd is not installed (Debian: apt-get install etcd-server), so nothing is measured beside it" : null;

    public static async Task MeasureAsync(int runs, Figures figures)
    {
        var root = Path.Combine(Directory.GetCurrentDirectory(), "artifacts", "bench-etcd");
        Directory.CreateDirectory(root);
        var ports = FreePorts(2 * Members);
        var members = new List<Process>();
        try
        {
            members.AddRange(Enumerable.Range(0, Members).Select(member => Start(root, ports, member)));
            await ReadyAsync(ports);
            await MeasureAsync(members, ports, 1, 1500, runs, figures);
            await MeasureAsync(members, ports, 16, 6000, runs, figures);
        }
        finally
        {
            foreach (var member in members)
            {
                member.Kill();
                await member.WaitForExitAsync();
                member.Dispose();
            }

            Directory.Delete(root, recursive: true);
        }
    }

    private static async Task MeasureAsync(List<Process> members, int[] ports, int clients, int count, int runs, Figures figures)
    {
        var (rates, costs) = (new List<double>(), new List<double>());
        for (var run = 0; run < runs; run++)
        {
            var prefix = string.Create(CultureInfo.InvariantCulture, $"c{clients}-{run}");
            var before = ServiceFigures.ProcessorSeconds(members.Select(member => member.Id));
            var watch = Stopwatch.StartNew();
            var done = (await Bench.OnThreadsAsync(clients, client => Put(ports[client % Members], $"{prefix}-{client}", count / clients))).Sum();
            rates.Add(done / watch.Elapsed.TotalSeconds);
            costs.Add((ServiceFigures.ProcessorSeconds(members.Select(member => member.Id)) - before) * 1e6 / done);
        }

        var by = clients == 1 ? "1 client" : $"{clients} clients";
        figures.Add($"etcd: values of 1 KB put on three members by {by}", "", "", rates, "/s");
        figures.Add($"etcd: processor time of all three members for one of them, {by}", "", "", costs, "us");
    }

    private static int Put(int port, string prefix, int count)
    {
        using var connection = new RawConnection(new IPEndPoint(IPAddress.Loopback, port));
        var value = Convert.ToBase64String(new byte[ValueSize]);
        for (var i = 0; i < count; i++)
        {
            var key = Convert.ToBase64String(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{prefix}-{i}")));
            connection.Ask(RawConnection.Post("/v3/kv/put", $$"""{"key":"{{key}}","value":"{{value}}"}"""));
        }

        return count;
    }

    private static Process Start(string root, int[] ports, int member)
    {
        string Url(int port) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{ports[port]}");
        var start = new ProcessStartInfo(Find()!) { RedirectStandardError = true, RedirectStandardOutput = true };
        string[] arguments =
        [
            "--name", $"e{member}", "--data-dir", Path.Combine(root, $"e{member}"), "--log-level", "error",
            "--listen-client-urls", Url(member), "--advertise-client-urls", Url(member),
            "--listen-peer-urls", Url(Members + member), "--initial-advertise-peer-urls", Url(Members + member),
            "--initial-cluster", string.Join(",", Enumerable.Range(0, Members).Select(one => $"e{one}={Url(Members + one)}")),
            "--initial-cluster-token", root,
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Echo(line);
        process.ErrorDataReceived += (_, line) => Echo(line);
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return process;

        static void Echo(DataReceivedEventArgs line)
        {
            if (line.Data?.Contains("\"level\":\"fatal\"", StringComparison.Ordinal) == true)
            {
                Console.Error.WriteLine(line.Data);
            }
        }
    }

    private static Task ReadyAsync(int[] ports) => StoreCluster.UntilAsync(() =>
    {
        try
        {
            foreach (var port in ports.Take(Members))
            {
                Put(port, "ready", 1);
            }

            return true;
        }
        catch (Exception e) when (e is SocketException or InvalidDataException)
        {
            return false;
        }
    });

    private static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(listener => listener.Start());
        var ports = listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port).ToArray();
        listeners.ForEach(listener => listener.Stop());
        return ports;
    }

    private static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "etcd")).FirstOrDefault(File.Exists);
}
