using System.Text.Json;

namespace Swarm.Networking.Bridge;

/// <summary>
/// What each container's sandbox is, one file each, so that a daemon that starts again finds addresses and ports of containers that went on.
/// Renamed into place but not synced: a power cut takes the namespaces with it, and nothing of this is worth having then.
/// </summary>
internal sealed class SandboxFiles
{
    private const string Suffix = ".json";

    public SandboxFiles(string folder)
    {
        Folder = folder;
        Directory.CreateDirectory(folder);
    }

    public string Folder { get; }

    public void Save(ContainerSandbox sandbox)
    {
        var path = PathOf(sandbox.ContainerId);
        File.WriteAllBytes(path + ".tmp", JsonSerializer.SerializeToUtf8Bytes(sandbox, NetworkingJson.Default.ContainerSandbox));
        File.Move(path + ".tmp", path, overwrite: true);
    }

    public void Delete(string containerId) => File.Delete(PathOf(containerId));

    /// <summary>Every sandbox; a file that cannot be read (it can only be another version's) gives its container's id and no sandbox.</summary>
    public IEnumerable<(string ContainerId, ContainerSandbox? Sandbox)> Load()
    {
        foreach (var temporary in Directory.GetFiles(Folder, "*.tmp"))
        {
            File.Delete(temporary);
        }

        foreach (var path in Directory.GetFiles(Folder, "*" + Suffix))
        {
            ContainerSandbox? sandbox;
            try
            {
                sandbox = JsonSerializer.Deserialize(File.ReadAllBytes(path), NetworkingJson.Default.ContainerSandbox);
            }
            catch (JsonException)
            {
                sandbox = null;
            }

            yield return (Path.GetFileNameWithoutExtension(path), sandbox is { Endpoints.IsDefault: false, Requested.IsDefault: false, Ports.IsDefault: false } ? sandbox : null);
        }
    }

    private string PathOf(string containerId) => Path.Combine(Folder, containerId + Suffix);
}
