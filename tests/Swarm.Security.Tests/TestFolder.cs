namespace Swarm.Security.Tests;

internal sealed class TestFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("swarm-security-").FullName;

    internal NodeFolder Folder => new(Path);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
