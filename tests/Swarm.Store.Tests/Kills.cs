using System.Diagnostics;
using System.Globalization;
using Xunit.Abstractions;

namespace Swarm.Store.Tests;

/// <summary>kill -9, for real: another process appends and is killed at random moments, in the middle of whatever it does.</summary>
public sealed class Kills(ITestOutputHelper output)
{
    private const int Rounds = 12;

    // Guard: Repair in LogSegment (let it throw). The syncs are not seen by this one: the page cache outlives a process.
    [Fact]
    public async Task Whatever_was_acknowledged_is_there_after_every_kill()
    {
        var directory = Directory.CreateTempSubdirectory("swarm-kill-").FullName;
        var random = new Random(7);
        long acknowledged = 0;
        try
        {
            for (var round = 0; round < Rounds; round++)
            {
                using var child = Start(directory, acknowledged);
                if (await child.StandardOutput.ReadLineAsync() is { } first)
                {
                    acknowledged = long.Parse(first, CultureInfo.InvariantCulture);
                    var killed = KillAsync(child, TimeSpan.FromMilliseconds(random.Next(0, 250)));
                    while (await child.StandardOutput.ReadLineAsync() is { } line)
                    {
                        // The last line may be cut short.
                        acknowledged = long.TryParse(line, CultureInfo.InvariantCulture, out var index) && index > acknowledged ? index : acknowledged;
                    }

                    await killed;
                }

                await child.WaitForExitAsync();
                Assert.True(child.ExitCode == 128 + 9, $"round {round}, acknowledged {acknowledged}: exit {child.ExitCode}: {await child.StandardError.ReadToEndAsync()}");
            }

            output.WriteLine($"{acknowledged} entries acknowledged over {Rounds} kills");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task KillAsync(Process child, TimeSpan after)
    {
        await Task.Delay(after);
        child.Kill();
    }

    private static Process Start(string directory, long acknowledged) => Process.Start(new ProcessStartInfo(Environment.ProcessPath!)
    {
        ArgumentList = { typeof(Kills).Assembly.Location, KilledChild.Command, directory, acknowledged.ToString(CultureInfo.InvariantCulture) },
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
