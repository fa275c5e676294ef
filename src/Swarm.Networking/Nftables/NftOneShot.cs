using System.ComponentModel;
using System.Diagnostics;
using Swarm.Linux;

namespace Swarm.Networking.Nftables;

/// <summary>One transaction by a process of its own (<c>nft -f -</c>, some 16 ms): whole tables, and where the coprocess failed.</summary>
public static class NftOneShot
{
    /// <param name="ns">The namespace whose tables are meant.</param>
    /// <exception cref="NftException">Refused; nothing of it was applied.</exception>
    public static async Task ApplyAsync(NetworkNamespace ns, string transaction, CancellationToken cancellation)
    {
        using var process = Start(ns);
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        try
        {
            await process.StandardInput.WriteAsync(transaction.AsMemory(), cancellation);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended before it had read everything; its exit code and its words say why.
        }

        var text = await errors;
        await process.WaitForExitAsync(cancellation);
        if (process.ExitCode != 0)
        {
            throw new NftException($"nft refused: {text.Trim()}");
        }
    }

    private static Process Start(NetworkNamespace ns)
    {
        try
        {
            return ns.Start(new ProcessStartInfo("nft", ["-f", "-"]) { RedirectStandardInput = true, RedirectStandardError = true });
        }
        catch (Win32Exception error)
        {
            throw new NftException($"nft could not be started ({error.Message}); install the package nftables");
        }
    }
}
