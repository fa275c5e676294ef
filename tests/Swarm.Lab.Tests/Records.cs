using System.Collections.Immutable;
using Swarm.Lab.State;

namespace Swarm.Lab.Tests;

internal static class Records
{
    public static LabRecord Lab(int managers = 3, int workers = 2, int index = 4) => new()
    {
        Name = "demo",
        Index = index,
        Binary = "/bin/true",
        Created = DateTimeOffset.UnixEpoch,
        Nodes =
        [
            .. Enumerable.Range(1, managers).Select(i => new NodeRecord { Name = $"m{i}", Role = LabRole.Manager, Host = 10 + i }),
            .. Enumerable.Range(1, workers).Select(i => new NodeRecord { Name = $"w{i}", Role = LabRole.Worker, Host = 10 + managers + i }),
        ],
    };
}

/// <summary>Folders of a test's own, gone with it.</summary>
internal sealed class TemporaryHost : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("swarm-lab-tests-");

    public TemporaryHost() => Host = new LabHost(Path.Combine(_folder.FullName, "data"), Path.Combine(_folder.FullName, "run"), TimeProvider.System);

    public LabHost Host { get; }

    public void Dispose() => _folder.Delete(recursive: true);
}
