using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Networking.Nftables;

namespace Swarm.Networking.Tests.Nftables;

public sealed class NftCoprocessTests : IAsyncLifetime
{
    private readonly Namespaces namespaces = new();
    private readonly Swarm.Linux.NetworkNamespace ns;
    private readonly NftCoprocess nft;

    public NftCoprocessTests()
    {
        ns = namespaces.Add("host");
        nft = new NftCoprocess(ns, TimeProvider.System, NullLogger<NftCoprocess>.Instance);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await nft.DisposeAsync();
        namespaces.Dispose();
    }

    [Fact]
    public async Task Change_is_applied_when_the_call_returns()
    {
        await nft.ApplyAsync("add table ip swnet", default);
        Assert.Equal("table ip swnet", List("tables"));
        await nft.ApplyAsync("delete table ip swnet", default);
        Assert.Equal("", List("tables"));
    }

    [Theory]
    [InlineData("add rule ip swnet nowhere accept", "No such file or directory")]
    [InlineData("this is not nft", "syntax error")]
    [InlineData("list table ip nosuch", "No such file or directory")]
    public async Task Refusal_is_reported_with_nfts_words_and_the_process_goes_on(string change, string words)
    {
        await nft.ApplyAsync("add table ip swnet", default);
        var before = nft.ProcessId;
        Assert.Contains(words, (await Assert.ThrowsAsync<NftException>(() => nft.ApplyAsync(change, default))).Message);
        await nft.ApplyAsync("add chain ip swnet later", default);
        Assert.Equal(before, nft.ProcessId);
    }

    [Fact]
    public async Task Transaction_is_applied_whole_or_not_at_all()
    {
        await Assert.ThrowsAsync<NftException>(() => nft.ApplyAsync("add table ip swnet; add rule ip swnet nowhere accept", default));
        Assert.Equal("", List("tables"));
    }

    [Fact]
    public async Task Killed_process_is_an_interruption_and_the_next_change_starts_another()
    {
        await nft.ApplyAsync("add table ip swnet", default);
        using (var running = Process.GetProcessById(nft.ProcessId!.Value))
        {
            running.Kill();
            await running.WaitForExitAsync();
        }

        await Assert.ThrowsAsync<NftInterruptedException>(() => nft.ApplyAsync("add table ip swnet2", default));
        await nft.ApplyAsync("add table ip swnet3", default);
        Assert.Equal("table ip swnet table ip swnet3", List("tables"));
    }

    [Fact]
    public async Task Change_of_many_elements_is_one_line()
    {
        await nft.ApplyAsync("add table ip swnet; add set ip swnet s { type inet_service; }", default);
        await nft.ApplyAsync($"add element ip swnet s {{ {string.Join(", ", Enumerable.Range(1, 10_000))} }}", default);
        Assert.Contains("10000", List("set", "ip", "swnet", "s"));
    }

    [Fact]
    public async Task One_shot_applies_and_refuses_alike()
    {
        await NftOneShot.ApplyAsync(ns, "add table ip swnet\n", default);
        Assert.Equal("table ip swnet", List("tables"));
        var error = await Assert.ThrowsAsync<NftException>(() => NftOneShot.ApplyAsync(ns, "add table ip swnet2; add rule ip swnet nowhere accept\n", default));
        Assert.Contains("No such file or directory", error.Message);
        Assert.Equal("table ip swnet", List("tables"));
    }

    [Fact]
    public async Task Two_lines_are_two_transactions_and_refused() =>
        await Assert.ThrowsAsync<ArgumentException>(() => nft.ApplyAsync("add table ip a\nadd table ip b", default));

    private string List(params string[] what)
    {
        using var process = ns.Start(new ProcessStartInfo("nft", ["list", .. what]) { RedirectStandardOutput = true });
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return text.Trim().Replace('\n', ' ');
    }
}
