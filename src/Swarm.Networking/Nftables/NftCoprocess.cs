using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Swarm.Linux;

namespace Swarm.Networking.Nftables;

/// <summary>
/// An <c>nft -i</c> that is kept running inside a namespace: 0.2 ms a change against 16 ms for a process each (design/network.md). Each line is
/// one atomic transaction. One caller at a time; the process starts with the first change, again after it was killed, and ends with its input.
/// </summary>
/// <remarks>
/// A change that is applied answers nothing, so each is followed by a line that nft cannot parse: its error echoes that line, which marks the
/// end; whatever came before it is a refusal.
/// </remarks>
public sealed partial class NftCoprocess(NetworkNamespace ns, TimeProvider time, ILogger<NftCoprocess> logger) : IAsyncDisposable
{
    /// <summary>For one change, however many elements; a full reload of 40 000 elements took 0.8 s.</summary>
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(20);

    private readonly NetworkNamespace ns = ns;
    private Process? process;
    private long marks;

    /// <summary>The running process, null before the first change.</summary>
    public int? ProcessId => process?.Id;

    /// <param name="transaction">Commands separated by semicolons, on one line.</param>
    /// <exception cref="NftException">Refused; nothing of it was applied.</exception>
    /// <exception cref="NftInterruptedException">Unknown whether it was applied.</exception>
    public async Task ApplyAsync(string transaction, CancellationToken cancellation)
    {
        if (transaction.Contains('\n'))
        {
            throw new ArgumentException("a transaction is one line", nameof(transaction));
        }

        process ??= Start();
        var mark = $"swarm_end_{++marks}";
        using var deadline = new CancellationTokenSource(AnswerWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        string answer;
        try
        {
            await process.StandardInput.WriteAsync($"{transaction}\n{mark}\n".AsMemory(), either.Token);
            await process.StandardInput.FlushAsync(either.Token);
            answer = await AnswerAsync(process.StandardOutput, mark, either.Token);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            await EndAsync();
            LogInterrupted(logger, error.Message);
            cancellation.ThrowIfCancellationRequested();
            throw new NftInterruptedException($"nft ended or gave no answer within {AnswerWithin.TotalSeconds} s", error);
        }

        if (answer.Length > 0)
        {
            throw new NftException($"nft refused: {answer}");
        }
    }

    public async ValueTask DisposeAsync() => await EndAsync();

    /// <summary>The shell only joins the two outputs, so that the answers keep their order; exec leaves nft in its place.</summary>
    private Process Start() => ns.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec nft -i 2>&1"])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    });

    private static async Task<string> AnswerAsync(StreamReader output, string mark, CancellationToken cancellation)
    {
        var lines = new List<string>();
        while (true)
        {
            var line = await output.ReadLineAsync(cancellation) ?? throw new EndOfStreamException("nft closed its output");
            if (line != mark)
            {
                lines.Add(line);
                continue;
            }

            // "Error: syntax error..." stands before the echo of the mark, a line with a caret after it.
            _ = await output.ReadLineAsync(cancellation);
            return lines.Count > 0
                ? string.Join(' ', lines.SkipLast(1).Select(text => text.Trim()))
                : throw new EndOfStreamException("nft echoed the mark without an error");
        }
    }

    private async Task EndAsync()
    {
        if (Interlocked.Exchange(ref process, null) is not { } ending)
        {
            return;
        }

        using (ending)
        {
            ending.Kill();
            await ending.WaitForExitAsync(CancellationToken.None);
        }
    }
}
