using System.Diagnostics;
using System.Text;

namespace Swarm.EndToEnd;

/// <param name="Output">Standard output, without the last line break.</param>
/// <param name="Error">Standard error, likewise.</param>
public sealed record ShellResult(int ExitCode, string Output, string Error)
{
    public override string ToString() => $"exit {ExitCode}\n{Output}\n{Error}";
}

/// <summary>Runs the programs that users run.</summary>
public static class Shell
{
    /// <summary>No command of these tests takes as long, unless it hangs.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    public static async Task<ShellResult> RunAsync(string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var words = arguments.ToList();
        var info = new ProcessStartInfo(program, words) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var (name, value) in environment)
        {
            info.Environment[name] = value;
        }

        using var process = Process.Start(info) ?? throw new InvalidOperationException($"{program} did not start");
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(Limit);
        var output = ReadAsync(process.StandardOutput, limit.Token);
        var error = ReadAsync(process.StandardError, limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return new ShellResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', words)} did not end within {Limit.TotalSeconds:0} s");
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            text.Append(line).Append('\n');
        }

        return text.ToString().TrimEnd('\n');
    }
}
