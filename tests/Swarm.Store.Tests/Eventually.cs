namespace Swarm.Store.Tests;

/// <summary>Waits on a condition with a deadline and says what it saw.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    internal static async Task Holds(Func<bool> condition, Func<string> saw)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (!condition())
        {
            if (deadline.IsCancellationRequested)
            {
                Assert.Fail($"not in {Patience.TotalSeconds} s; saw {saw()}");
            }

            await Task.Delay(5);
        }
    }
}
