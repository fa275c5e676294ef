using Swarm.Engine.Shim;

namespace Swarm.Engine.Tests.Shim;

/// <summary>`dotnet Swarm.Engine.Tests.dll shim`: what `swarm shim` is in the product.</summary>
internal static class ShimEntry
{
    public static IReadOnlyList<string> Command { get; } = [Environment.ProcessPath!, typeof(ShimEntry).Assembly.Location, "shim"];

    public static int Main(string[] args) => args is ["shim"] ? ShimProgram.Run() : 2;
}
