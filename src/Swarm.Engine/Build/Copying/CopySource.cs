namespace Swarm.Engine.Build.Copying;

/// <summary>One file or folder to be copied.</summary>
/// <param name="Root">The tree that it is in; its path is resolved within.</param>
/// <param name="Path">Without a leading slash; empty: the whole tree.</param>
/// <param name="Downloaded">Came from a URL, so it is never unpacked.</param>
internal sealed record CopySource(string Root, string Path, bool Downloaded = false)
{
    /// <summary>The name that it has in a folder.</summary>
    public string Name => Path[(Path.LastIndexOf('/') + 1)..];
}
