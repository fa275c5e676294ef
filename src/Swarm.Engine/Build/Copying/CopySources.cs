using System.Text;
using Microsoft.Win32.SafeHandles;
using Swarm.Engine.Archives;
using Swarm.Engine.Build.Dockerfiles;
using Swarm.Registry;
using static Swarm.Engine.Archives.DirectoryCalls;

namespace Swarm.Engine.Build.Copying;

/// <summary>The sources of one ADD or COPY: paths and patterns in a tree, URLs, here-documents.</summary>
/// <param name="origin">The context, or another image's root.</param>
/// <param name="otherImage">Whether it is another image's.</param>
/// <param name="folder">For what is downloaded or written here; made when it is needed, removed in the end.</param>
internal sealed class CopySources(string origin, string instruction, bool otherImage, string folder, HttpClient http) : IDisposable
{
    /// <summary>Names that one pattern may fit.</summary>
    private const int MaxMatches = 100_000;

    private const int MaxDepth = 512;

    private readonly List<CopySource> _list = [];
    private int _folders;

    public IReadOnlyList<CopySource> List => _list;

    /// <exception cref="EngineException">400: nothing is there, or it cannot be had.</exception>
    public async Task AddAsync(string word, Func<string, ValueTask> say, CancellationToken cancellation)
    {
        if (UrlDownload.IsUrl(word))
        {
            if (instruction != "ADD")
            {
                throw EngineException.BadRequest($"{instruction} failed: source can't be a URL for COPY");
            }

            var into = NewFolder();
            var name = await UrlDownload.GetAsync(http, word, into, say, cancellation);
            _list.Add(new CopySource(into, name, Downloaded: true));
            return;
        }

        if (UrlDownload.IsGit(word) && instruction == "ADD")
        {
            throw EngineException.NotImplemented($"ADD failed: adding the git repository {word} is not built: clone it into the context");
        }

        var path = Clean(word);
        if (Patterns.HasWildcards(path))
        {
            var before = _list.Count;
            await Task.Run(() => AddMatches(path), cancellation);
            if (_list.Count == before)
            {
                throw EngineException.BadRequest($"{instruction} failed: no source files were specified");
            }

            return;
        }

        using var root = OpenRoot(origin);
        using var found = OpenInRoot(root, Encoding.UTF8.GetBytes(path), O_PATH, out _);
        _list.Add(found is not null ? new CopySource(origin, path) : throw EngineException.BadRequest(otherImage
            ? $"{instruction} failed: stat {word}: file does not exist"
            : $"{instruction} failed: file not found in build context or excluded by .dockerignore: stat {path}: file does not exist"));
    }

    /// <summary>A file whose content stands in the Dockerfile.</summary>
    public void AddText(string name, string content)
    {
        var into = NewFolder();
        var plain = Path.GetFileName(name);
        File.WriteAllText(Path.Combine(into, plain), content);
        File.SetUnixFileMode(Path.Combine(into, plain), (UnixFileMode)0x1A4);
        _list.Add(new CopySource(into, plain));
    }

    /// <summary>As in Docker's history: file:HEX, dir:HEX, or multi:HEX for several.</summary>
    public string Hash(CancellationToken cancellation)
    {
        // A pattern's matches are told apart by where they are, for a folder's content is copied without its own name.
        var hashes = _list.ConvertAll(source => TreeHash.Of(source, cancellation));
        return hashes is [var only] ? only : "multi:" + Digest.Of(Encoding.ASCII.GetBytes(string.Join(',', hashes))).Hex;
    }

    public void Dispose()
    {
        for (var i = 0; i < _folders; i++)
        {
            Tree.Delete(FolderName(i));
        }
    }

    private string Clean(string word)
    {
        var parts = new List<string>();
        foreach (var part in word.Split('/'))
        {
            if (part is "" or ".")
            {
                continue;
            }

            if (part != "..")
            {
                parts.Add(part);
            }
            else if (parts.Count > 0)
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (!otherImage && !word.StartsWith('/'))
            {
                throw EngineException.BadRequest($"{instruction} failed: forbidden path outside the build context: {word} ()");
            }
        }

        return string.Join('/', parts);
    }

    private void AddMatches(string pattern)
    {
        var regex = Patterns.Path(pattern);
        var depth = pattern.Count(c => c == '/') + 1;
        using var root = OpenRoot(origin);
        Walk(root, "", 1);

        void Walk(SafeFileHandle at, string path, int level)
        {
            var names = Names(at);
            names.Sort(static (left, right) => left.AsSpan().SequenceCompareTo(right));
            foreach (var name in names)
            {
                var below = path.Length == 0 ? Encoding.UTF8.GetString(name) : $"{path}/{Encoding.UTF8.GetString(name)}";

                // A star does not cross a slash, so a match lies exactly as deep as its pattern.
                if (level == depth)
                {
                    if (regex.IsMatch(below))
                    {
                        _list.Add(_list.Count < MaxMatches
                            ? new CopySource(origin, below)
                            : throw EngineException.BadRequest($"{instruction} failed: {pattern} fits more than {MaxMatches} names"));
                    }
                }
                else if (level < MaxDepth)
                {
                    using var child = OpenAt(at, name, O_DIRECTORY, out _);
                    if (child is not null)
                    {
                        Walk(child, below, level + 1);
                    }
                }
            }
        }
    }

    private string NewFolder()
    {
        var name = FolderName(_folders);
        Directory.CreateDirectory(name);
        _folders++;
        return name;
    }

    private string FolderName(int number) => $"{folder}-{number}";
}
