namespace Swarm.Store.Tests;

internal static class TestKeys
{
    internal static IReadOnlyList<ReadOnlyMemory<byte>> One { get; } = [Key(1)];

    internal static ReadOnlyMemory<byte> Key(byte seed) => Enumerable.Repeat(seed, 32).ToArray();
}
