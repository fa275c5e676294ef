using System.Diagnostics;

namespace Swarm.Benchmarks;

/// <summary>The binary by itself.</summary>
internal static class ProcessFigures
{
    private const int Starts = 20;

    public static async Task MeasureAsync(string binary, Figures figures)
    {
        figures.Add("size of the binary", "", "", [new FileInfo(binary).Length / 1048576.0], "MiB");
        var times = new List<double>();
        for (var i = 0; i < Starts; i++)
        {
            var watch = Stopwatch.StartNew();
            using var process = Process.Start(new ProcessStartInfo(binary, ["--version"]) { RedirectStandardOutput = true })!;
            await process.WaitForExitAsync();
            times.Add(watch.Elapsed.TotalMilliseconds);
        }

        figures.Add("start of the command line (`swarm --version`)", "", "", times, "ms");
    }
}
