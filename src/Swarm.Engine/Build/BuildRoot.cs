using Swarm.Engine.Images;
using Swarm.Engine.Layers;

namespace Swarm.Engine.Build;

/// <summary>An image's file system, mounted for the builder itself: to copy out of, or to change and make a layer of.</summary>
internal sealed class BuildRoot : IDisposable
{
    /// <summary>Of the names among the root file systems; what a killed daemon left goes at the next start.</summary>
    public const string Prefix = "build-";

    private readonly RootfsStore _store;
    private readonly string _id = Prefix + Guid.NewGuid().ToString("N");

    /// <param name="image">Null: an empty root.</param>
    public BuildRoot(RootfsStore store, Image? image)
    {
        _store = store;
        _store.Create(_id, image?.DiffIds ?? []);
        try
        {
            Path = _store.Mount(_id);
        }
        catch
        {
            _store.Remove(_id);
            throw;
        }
    }

    public string Path { get; }

    /// <summary>Ends the mount; answers the folder of what was changed.</summary>
    public string Finish()
    {
        _store.Unmount(_id);
        return _store.UpperPath(_id);
    }

    public void Dispose() => _store.Remove(_id);
}
