using System.Globalization;

namespace Swarm.Store.Tests;

/// <summary>The test assembly as a program of its own, for tests that kill a process and for figures; the test runner does not use it.</summary>
internal static class Program
{
    internal static Task<int> Main(string[] arguments) => arguments switch
    {
        [KilledChild.Command, var directory, var acknowledged] => KilledChild.RunAsync(directory, long.Parse(acknowledged, CultureInfo.InvariantCulture)),
        ["figures"] => Figures.RunAsync(),
        _ => Task.FromResult(1),
    };
}
