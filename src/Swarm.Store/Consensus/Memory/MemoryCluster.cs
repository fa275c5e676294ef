namespace Swarm.Store.Consensus.Memory;

/// <summary>
/// Managers of one process on virtual time, with the outcomes that Raft has: a leader needs a majority, leaders lose their term, an entry in flight
/// may survive its leader. Links can be cut and nodes stopped. The log of the majority stands for the disks: a node that starts again replays it.
/// Every event runs under one lock, in the order of the clock; nothing inside awaits.
/// </summary>
public sealed class MemoryCluster : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly MemoryClusterOptions _options;
    private readonly Dictionary<string, MemoryConsensus> _up = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IPeerHandler> _handlers = new(StringComparer.Ordinal);
    private readonly HashSet<(string, string)> _cut = [];
    private readonly MemoryLog _log = new();
    private readonly ITimer _heartbeat;
    private string[] _voters = [];
    private string? _leader;
    private long _term;

    public MemoryCluster(TimeProvider time, Random random, MemoryClusterOptions? options = null)
    {
        _time = time;
        _random = random;
        _options = options ?? new MemoryClusterOptions();
        _heartbeat = time.CreateTimer(_ => OnHeartbeat(), null, _options.Heartbeat, _options.Heartbeat);
    }

    internal MemoryClusterOptions Options => _options;

    /// <summary>A node's consensus. A node that was stopped comes back with everything a majority holds.</summary>
    /// <param name="found">The node makes the cluster; otherwise it waits to be added, or is a member already.</param>
    public IConsensus CreateNode(string nodeId, IReplicatedState state, bool found = false) => new MemoryConsensus(this, nodeId, state, found);

    /// <summary>The transport between the stores of these nodes.</summary>
    public IPeerTransport TransportOf(string nodeId) => new MemoryTransport(this, nodeId);

    /// <summary>Lets the node be called. Call once its store exists.</summary>
    public void Attach(string nodeId, IPeerHandler handler)
    {
        lock (_lock)
        {
            _handlers[nodeId] = handler;
        }
    }

    public void Cut(string one, string other)
    {
        lock (_lock)
        {
            _cut.Add((one, other));
            _cut.Add((other, one));
        }
    }

    public void Heal()
    {
        lock (_lock)
        {
            _cut.Clear();
        }
    }

    public void Dispose() => _heartbeat.Dispose();

    internal void Start(MemoryConsensus node, bool found)
    {
        lock (_lock)
        {
            _up[node.NodeId] = node;
            node.LastContact = _time.GetTimestamp();
            node.ElectionTimeout = DrawTimeout();
            if (found && _voters.Length == 0)
            {
                _voters = [node.NodeId];
                Elect(node);
            }
        }
    }

    internal void Stop(MemoryConsensus node)
    {
        lock (_lock)
        {
            if (_up.TryGetValue(node.NodeId, out var current) && current == node)
            {
                _up.Remove(node.NodeId);
                _handlers.Remove(node.NodeId);
                node.Fail();
            }
        }
    }

    internal IReadOnlyList<ConsensusMember> MembersSeenBy(MemoryConsensus node)
    {
        lock (_lock)
        {
            return [.. node.KnownVoters.Select(id => new ConsensusMember(id, true, node.Leadership.IsLeader ? Connected(node.NodeId, id) : null))];
        }
    }

    /// <summary>Sends an entry on its way: it reaches the others after one latency, and their answers come after another.</summary>
    internal void Propose(MemoryConsensus node, MemoryProposal proposal)
    {
        After(_options.Latency, () =>
        {
            if (Leads(node, proposal.Term) && HasMajority(node.NodeId))
            {
                // From here a majority holds it: it commits, whether or not its leader lives to hear of it.
                proposal.Index = _log.Append(proposal.Term, proposal.Entry);
                _voters = proposal.Voters ?? _voters;
                After(_options.Latency, () => Answer(node, proposal));
            }
            else
            {
                node.Awaiting.Add(proposal);
            }
        });
    }

    /// <summary>Confirms after a round trip that the node leads (or its leader does), and answers the index to wait for and the term; null without a leader.</summary>
    internal void Barrier(MemoryConsensus node, TaskCompletionSource<(long Index, long Term)?> answer) => After(_options.Latency * 2, () =>
    {
        var leader = _leader is { } id && _up.GetValueOrDefault(id) is { Leadership.IsLeader: true } found ? found : null;
        answer.TrySetResult(leader is not null && Connected(node.NodeId, leader.NodeId) && HasMajority(leader.NodeId) ? (_log.LastIndex, _term) : null);
        if (leader is not null && Connected(node.NodeId, leader.NodeId))
        {
            CatchUp(node);
        }
    });

    internal void Announce(MemoryConsensus leader) => After(_options.Latency, () =>
    {
        if (_leader == leader.NodeId)
        {
            foreach (var node in _up.Values.Where(node => Connected(node.NodeId, leader.NodeId)))
            {
                CatchUp(node);
            }
        }
    });

    internal void Learn(MemoryConsensus node)
    {
        lock (_lock)
        {
            if (_up.GetValueOrDefault(node.NodeId) == node)
            {
                CatchUp(node);
            }
        }
    }

    internal bool IsReachable(string from, string to)
    {
        lock (_lock)
        {
            return Connected(from, to);
        }
    }

    internal string[] Voters()
    {
        lock (_lock)
        {
            return _voters;
        }
    }

    internal void StepDown(MemoryConsensus node)
    {
        lock (_lock)
        {
            if (_leader == node.NodeId)
            {
                _leader = null;
                node.Publish(new Leadership(null, _term, false));
                node.LastContact = _time.GetTimestamp();
                node.ElectionTimeout = _options.UpperElectionTimeout * 2;
                foreach (var other in _up.Values.Where(other => other != node))
                {
                    other.ElectionTimeout = TimeSpan.Zero;
                }
            }
        }
    }

    /// <summary>Null: unknown or stopped.</summary>
    internal (IPeerHandler? Handler, bool Cut) Route(string from, string to)
    {
        lock (_lock)
        {
            return (_handlers.GetValueOrDefault(to), _cut.Contains((from, to)));
        }
    }

    internal Task DelayAsync(CancellationToken cancellation) => Task.Delay(_options.Latency, _time, cancellation);

    internal TimeProvider Time => _time;

    private void After(TimeSpan delay, Action action)
    {
        ITimer? timer = null;
        timer = _time.CreateTimer(
            _ =>
            {
                timer?.Dispose();
                lock (_lock)
                {
                    action();
                }
            },
            null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        timer.Change(delay, Timeout.InfiniteTimeSpan);
    }

    private void Answer(MemoryConsensus node, MemoryProposal proposal)
    {
        if (Leads(node, proposal.Term) && HasMajority(node.NodeId))
        {
            CatchUp(node);
            proposal.Answer.TrySetResult(new ProposeResult(ProposeStatus.Committed, proposal.Index));
        }
        else
        {
            node.Awaiting.Add(proposal);
        }

        if (_log.Length >= _options.SnapshotEvery)
        {
            CatchUp(node);
            _log.Compact(node.State);
        }
    }

    private void OnHeartbeat()
    {
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            var leader = _leader is { } id ? _up.GetValueOrDefault(id) : null;
            var led = leader is not null && HasMajority(leader.NodeId);
            foreach (var node in _up.Values.OrderBy(node => node.NodeId, StringComparer.Ordinal).ToArray())
            {
                if (led && Connected(node.NodeId, leader!.NodeId) && (_voters.Contains(node.NodeId) || node.KnownVoters.Length == 0))
                {
                    node.LastContact = now;
                    CatchUp(node);
                    node.Publish(node == leader ? new Leadership(node.NodeId, _term, true) : new Leadership(leader.NodeId, _term, false));
                }
                else if (_time.GetElapsedTime(node.LastContact, now) > node.ElectionTimeout)
                {
                    node.Publish(new Leadership(null, node.Leadership.Term, false));
                    node.LastContact = now;
                    node.ElectionTimeout = DrawTimeout();
                    if (!led && _voters.Contains(node.NodeId) && HasMajority(node.NodeId))
                    {
                        Elect(node);
                        return;
                    }
                }
            }
        }
    }

    private void Elect(MemoryConsensus node)
    {
        _leader = node.NodeId;
        _term++;
        _log.Append(_term, ReadOnlyMemory<byte>.Empty);
        CatchUp(node);
        node.Publish(new Leadership(node.NodeId, _term, true));
    }

    /// <summary>The node learns everything that a majority holds, and so what became of its own entries of lost leaderships.</summary>
    private void CatchUp(MemoryConsensus node)
    {
        node.KnownVoters = _voters;
        node.Apply(_log);
        foreach (var proposal in node.Awaiting)
        {
            proposal.Answer.TrySetResult(proposal.Index > 0
                ? new ProposeResult(ProposeStatus.Committed, proposal.Index)
                : new ProposeResult(ProposeStatus.NotLeader, 0));
        }

        node.Awaiting.Clear();
    }

    private bool Leads(MemoryConsensus node, long term) => _leader == node.NodeId && _term == term && _up.GetValueOrDefault(node.NodeId) == node;

    private bool HasMajority(string nodeId) => _voters.Count(voter => Connected(nodeId, voter)) > _voters.Length / 2;

    private bool Connected(string one, string other) =>
        one == other ? _up.ContainsKey(one) : _up.ContainsKey(one) && _up.ContainsKey(other) && !_cut.Contains((one, other));

    private TimeSpan DrawTimeout() =>
        _options.LowerElectionTimeout + (_options.UpperElectionTimeout - _options.LowerElectionTimeout) * _random.NextDouble();
}
