namespace Swarm.Engine.Tests.Layers;

/// <summary>A folder on a real file system (overlay and file capabilities need one), gone after the test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder()
    {
        Path = Directory.CreateTempSubdirectory("swarm-images-").FullName;
        File.SetUnixFileMode(Path, (UnixFileMode)0x1ED);
    }

    public string Path { get; }

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public string Make(string name) => Directory.CreateDirectory(this[name]).FullName;

    public void Dispose() => Swarm.Engine.Archives.Tree.Delete(Path);
}
