using Swarm.Api.Images;

namespace Swarm.Api.Build;

/// <summary>The last lines of a quiet build, kept to be shown if it fails.</summary>
internal sealed class BuildTail
{
    private const int MaxLines = 4096;

    private readonly Queue<ProgressLine> _lines = new();

    public bool Any => _lines.Count > 0;

    public void Add(ProgressLine line)
    {
        if (_lines.Count == MaxLines)
        {
            _lines.Dequeue();
        }

        _lines.Enqueue(line);
    }

    public IReadOnlyList<ProgressLine> Take()
    {
        ProgressLine[] lines = [.. _lines];
        _lines.Clear();
        return lines;
    }
}
