namespace Swarm.Networking.Tests;

/// <summary>For what the kernel or the networks do by themselves, and tell nobody.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Looks until it is so.</summary>
    internal static async Task UntilAsync(string what, Func<bool> isSo)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (!isSo())
        {
            Assert.False(deadline.IsCancellationRequested, $"not within {Patience.TotalSeconds:0} s: {what}");
            await Task.Yield();
        }
    }
}
