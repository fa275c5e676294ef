using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Swarm.Architecture.Tests;

/// <summary>The arrows between the rooms, read from what the compiler really bound, not from what the projects declare.</summary>
public sealed class ArrowsTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Swarm.Linux"] = [],
        ["Swarm.Model"] = [],
        ["Swarm.Store"] = ["Swarm.Model", "Swarm.Linux"],
        ["Swarm.Security"] = ["Swarm.Model", "Swarm.Linux"],
        ["Swarm.Rpc"] = ["Swarm.Model", "Swarm.Linux", "Swarm.Security"],
        ["Swarm.Manager"] = ["Swarm.Model", "Swarm.Store", "Swarm.Security", "Swarm.Rpc"],
        ["Swarm.Agent"] = ["Swarm.Model", "Swarm.Linux", "Swarm.Security", "Swarm.Rpc"],
        ["Swarm.Registry"] = ["Swarm.Linux"],
        ["Swarm.Engine"] = ["Swarm.Model", "Swarm.Linux", "Swarm.Registry"],
        ["Swarm.Networking"] = ["Swarm.Model", "Swarm.Linux"],
        ["Swarm.Api"] = ["Swarm.Model", "Swarm.Linux", "Swarm.Store", "Swarm.Manager", "Swarm.Engine"],
        ["Swarm.Compose"] = ["Swarm.Model", "Swarm.Engine", "Swarm.Api"],
        ["Swarm.Lab"] = ["Swarm.Linux", "Swarm.Networking", "Swarm.Api", "Swarm.Engine"],
        ["Swarm.Chaos"] = ["Swarm.Linux", "Swarm.Api", "Swarm.Engine", "Swarm.Lab"],
    };

    public static TheoryData<string> Rooms => [.. Allowed.Keys];

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_room_knows_only_the_rooms_below_it(string room) =>
        Assert.Empty(References(room).Where(name => name.StartsWith("Swarm.", StringComparison.Ordinal)).Except(Allowed[room]));

    [Fact]
    public void Only_the_store_knows_DotNext() =>
        Assert.Equal(["Swarm.Store"], Allowed.Keys.Where(room => References(room).Any(name => name.StartsWith("DotNext", StringComparison.Ordinal))));

    [Fact]
    public void Every_room_is_listed() =>
        Assert.Equal(
            Allowed.Keys.Order(StringComparer.Ordinal),
            Directory.GetFiles(AppContext.BaseDirectory, "Swarm.*.dll").Select(Path.GetFileNameWithoutExtension)
                .Where(name => name != "Swarm.Architecture.Tests").Order(StringComparer.Ordinal));

    private static List<string> References(string room)
    {
        using var file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, room + ".dll")));
        var metadata = file.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
    }
}
