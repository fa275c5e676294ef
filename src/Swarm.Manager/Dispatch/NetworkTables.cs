using System.Collections.Immutable;
using Swarm.Model;
using Swarm.Rpc.Dispatch;
using Swarm.Store;

namespace Swarm.Manager.Dispatch;

/// <summary>A view of the store and the tables of the networks in it.</summary>
/// <param name="ByNetwork">The table of each; one that did not change keeps its instance, and its index.</param>
internal sealed record NetworkPicture(StoreView View, ImmutableDictionary<string, NetworkTable> ByNetwork);

/// <summary>
/// The tables of all networks, made once for every session of a term: each commit changes what it is about and nothing else. Whoever asks gets the picture
/// of everything that was committed before. Free to be asked from any thread.
/// </summary>
internal sealed class NetworkTables(IObjectStore store) : IDisposable
{
    /// <summary>Changes that are kept for other sessions.</summary>
    private const int MaxChanges = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<(long From, long To, string NetworkId), NetworkChange> _changes = [];
    private StoreWatch? _watch;
    private bool _ended;
    private NetworkTablesBuilder? _builder;
    private NetworkPicture _picture = new(StoreView.Empty, ImmutableDictionary<string, NetworkTable>.Empty);

    /// <summary>The newest picture; after the end, the last.</summary>
    internal NetworkPicture Take()
    {
        lock (_lock)
        {
            if (!_ended)
            {
                Follow();
            }

            return _picture;
        }
    }

    /// <summary>The change that leads from one table to another: the same for every session that was told the first.</summary>
    internal NetworkChange Between(NetworkTable? told, NetworkTable now)
    {
        if (told is null)
        {
            return NetworkChange.Between(null, now);
        }

        lock (_lock)
        {
            var key = (told.Index, now.Index, now.Network.Id);
            if (!_changes.TryGetValue(key, out var change))
            {
                // Those of earlier pictures are of use only to who is late, and not worth their memory.
                if (_changes.Count >= MaxChanges)
                {
                    _changes.Clear();
                }

                _changes.Add(key, change = NetworkChange.Between(told, now));
            }

            return change;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _ended = true;
            _watch?.Dispose();
        }
    }

    private void Follow()
    {
        if (_watch is null || _builder is null)
        {
            Begin();
        }

        StoreView? view = null;
        while (_watch!.Commits.TryRead(out var commit))
        {
            _builder!.Observe(commit);
            view = commit.View;
        }

        if (_watch.Commits.Completion.IsCompleted)
        {
            // It fell behind, or a snapshot replaced the store.
            _watch.Dispose();
            Begin();
        }
        else if (view is not null)
        {
            _picture = _builder!.Take(view, _picture);
        }
    }

    private void Begin()
    {
        _watch = store.Watch();
        _builder = new NetworkTablesBuilder(_watch.Start);
        _picture = _builder.Take(_watch.Start, _picture);
    }
}
