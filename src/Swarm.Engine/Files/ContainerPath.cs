namespace Swarm.Engine.Files;

/// <summary>A path that a client names in a container: absolute and clean, remembering whether its end asks to follow a link.</summary>
/// <param name="Clean">Begins with a slash; ".." is resolved by name, as Docker's clients do.</param>
/// <param name="Follows">It ended in "/" or "/.": a link at its end stands for where it leads.</param>
/// <param name="Base">Its last element as an archive is to name it: "." if it ended in "/." or "/./", "/" for the root.</param>
internal sealed record ContainerPath(string Clean, bool Follows, string Base)
{
    /// <exception cref="EngineException">400: empty, or with a zero byte.</exception>
    public static ContainerPath Parse(string path)
    {
        if (path.Length == 0)
        {
            throw EngineException.BadRequest("bad parameter: path cannot be empty");
        }

        if (path.Contains('\0', StringComparison.Ordinal))
        {
            throw EngineException.BadRequest("bad parameter: path has a zero byte");
        }

        var parts = new List<string>();
        foreach (var part in path.Split('/'))
        {
            if (part == "..")
            {
                parts.RemoveRange(Math.Max(0, parts.Count - 1), Math.Min(1, parts.Count));
            }
            else if (part is not ("" or "."))
            {
                parts.Add(part);
            }
        }

        var end = path.TrimEnd('/');
        var endsInDot = end is "." || end.EndsWith("/.", StringComparison.Ordinal);
        var name = endsInDot ? "." : parts.Count == 0 ? "/" : parts[^1];
        return new ContainerPath("/" + string.Join('/', parts), endsInDot || path.EndsWith('/') || parts.Count == 0, name);
    }

    public string Parent => Clean[..Math.Max(1, Clean.LastIndexOf('/'))];

    public string Name => Clean[(Clean.LastIndexOf('/') + 1)..];
}
