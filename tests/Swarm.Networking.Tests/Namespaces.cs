using Swarm.Linux;

namespace Swarm.Networking.Tests;

/// <summary>Network namespaces of one test, in a folder of its own; gone with it, also when the test fails.</summary>
public sealed class Namespaces : IDisposable
{
    private readonly List<NetworkNamespace> open = [];

    public string Folder { get; } = Directory.CreateTempSubdirectory("swnet-").FullName;

    public NetworkNamespace Add(string name)
    {
        var ns = NetworkNamespace.Create(Path.Combine(Folder, name));
        open.Add(ns);
        return ns;
    }

    public void Dispose()
    {
        foreach (var ns in open)
        {
            ns.Dispose();
        }

        foreach (var file in Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories))
        {
            NetworkNamespace.Delete(file);
        }

        Directory.Delete(Folder, recursive: true);
    }
}
