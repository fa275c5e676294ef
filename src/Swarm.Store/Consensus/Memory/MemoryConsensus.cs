namespace Swarm.Store.Consensus.Memory;

/// <summary>An entry on its way.</summary>
/// <param name="Voters">The membership that it makes, if it changes it.</param>
internal sealed record MemoryProposal(long Term, ReadOnlyMemory<byte> Entry, string[]? Voters)
{
    internal TaskCompletionSource<ProposeResult> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>0 until a majority holds it.</summary>
    internal long Index { get; set; }
}

/// <summary>One node of a <see cref="MemoryCluster"/>, whose lock guards the state marked so.</summary>
internal sealed class MemoryConsensus(MemoryCluster cluster, string nodeId, IReplicatedState state, bool found) : IConsensus
{
    /// <summary>How long a proposal whose leadership was lost waits to learn what became of it.</summary>
    private static readonly TimeSpan SettleTimeout = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _lifetime = new();
    private volatile Leadership _leadership = Leadership.None;
    private TaskCompletionSource _advanced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _applied;

    public event Action<Leadership>? LeadershipChanged;

    public string NodeId => nodeId;

    public Leadership Leadership => _leadership;

    public IReadOnlyList<ConsensusMember> Members => cluster.MembersSeenBy(this);

    public int MaxEntrySize => 2 << 20;

    internal IReplicatedState State => state;

    // Guarded by the cluster's lock, all of these.
    internal long LastContact { get; set; }
    internal TimeSpan ElectionTimeout { get; set; }
    internal string[] KnownVoters { get; set; } = [];
    internal List<MemoryProposal> Awaiting { get; } = [];

    public Task StartAsync(CancellationToken cancellation)
    {
        cluster.Start(this, found);
        return Task.CompletedTask;
    }

    public Task<ProposeResult> ProposeAsync(ReadOnlyMemory<byte> entry, long term, CancellationToken cancellation) =>
        entry.Length > MaxEntrySize ? Task.FromResult(new ProposeResult(ProposeStatus.TooLarge, 0)) : ProposeAsync(entry.ToArray(), null, term, cancellation);

    public void AnnounceCommits() => cluster.Announce(this);

    public void Learn(long index, long term) => cluster.Learn(this);

    public async ValueTask WaitForApplyAsync(long index, CancellationToken cancellation)
    {
        while (true)
        {
            var advanced = Volatile.Read(ref _advanced);
            if (Volatile.Read(ref _applied) >= index)
            {
                return;
            }

            await advanced.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    public async ValueTask<long> ReadBarrierAsync(CancellationToken cancellation)
    {
        var answer = new TaskCompletionSource<(long Index, long Term)?>(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Barrier(this, answer);
        var (index, term) = await answer.Task.WaitAsync(cancellation).ConfigureAwait(false) ?? throw new NoLeaderException();
        await WaitForApplyAsync(index, cancellation).ConfigureAwait(false);
        return term;
    }

    public Task<bool> AddMemberAsync(string member, CancellationToken cancellation) =>
        ChangeAsync(voters => voters.Contains(member) || !cluster.IsReachable(nodeId, member) ? null : [.. voters, member], cancellation);

    public Task<bool> RemoveMemberAsync(string member, CancellationToken cancellation) => member == nodeId && _leadership.IsLeader
        ? throw new InvalidOperationException("the leader cannot remove itself: transfer the leadership first")
        : ChangeAsync(voters => voters.Contains(member) ? [.. voters.Where(id => id != member)] : null, cancellation);

    public Task TransferLeadershipAsync(CancellationToken cancellation)
    {
        cluster.StepDown(this);
        return Task.CompletedTask;
    }

    public Task<ReadOnlyMemory<byte>> HandleAsync(string callerNodeId, ReadOnlyMemory<byte> request, CancellationToken cancellation) =>
        throw new InvalidDataException("the nodes of a memory cluster send each other nothing of the consensus");

    public async ValueTask DisposeAsync()
    {
        cluster.Stop(this);
        await _lifetime.CancelAsync().ConfigureAwait(false);
    }

    internal void Apply(MemoryLog log)
    {
        var applied = log.Replay(state, _applied);
        if (applied != _applied)
        {
            Volatile.Write(ref _applied, applied);
            Interlocked.Exchange(ref _advanced, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        }
    }

    internal void Publish(Leadership leadership)
    {
        if (_leadership != leadership)
        {
            _leadership = leadership;
            LeadershipChanged?.Invoke(leadership);
        }
    }

    /// <summary>The node stops: whoever waits for it never learns more.</summary>
    internal void Fail()
    {
        _leadership = Leadership.None;
        foreach (var proposal in Awaiting)
        {
            proposal.Answer.TrySetResult(new ProposeResult(ProposeStatus.Unknown, 0));
        }

        Awaiting.Clear();
    }

    private async Task<bool> ChangeAsync(Func<string[], string[]?> change, CancellationToken cancellation)
    {
        if (!_leadership.IsLeader)
        {
            throw new NotLeadingException();
        }

        if (change(cluster.Voters()) is not { } voters)
        {
            return false;
        }

        return (await ProposeAsync(ReadOnlyMemory<byte>.Empty, voters, _leadership.Term, cancellation).ConfigureAwait(false)).Status switch
        {
            ProposeStatus.Committed => true,
            ProposeStatus.NotLeader => throw new NotLeadingException(),
            _ => false,
        };
    }

    private async Task<ProposeResult> ProposeAsync(ReadOnlyMemory<byte> entry, string[]? voters, long term, CancellationToken cancellation)
    {
        var leadership = _leadership;
        if (!leadership.IsLeader || leadership.Term != term)
        {
            return new ProposeResult(ProposeStatus.NotLeader, 0);
        }

        var proposal = new MemoryProposal(term, entry, voters);
        cluster.Propose(this, proposal);
        using var timer = new CancellationTokenSource(SettleTimeout, cluster.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellation, _lifetime.Token);
        try
        {
            return await proposal.Answer.Task.WaitAsync(linked.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return new ProposeResult(ProposeStatus.Unknown, 0);
        }
    }
}
