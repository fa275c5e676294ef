using System.Collections.Immutable;
using Swarm.Store;
using Swarm.Store.Consensus;

namespace Swarm.Manager.Tests.Membership;

/// <summary>Members only. A change that leaves no answering majority fails the test at once, whoever asked for it.</summary>
internal sealed class FakeConsensus(params string[] voters) : IConsensus
{
    private ImmutableList<ConsensusMember> _members = [.. voters.Select(id => new ConsensusMember(id, true, id == "self" ? null : true))];

    public string NodeId => "self";

    public Leadership Leadership { get; } = new("self", 1, true);

    public event Action<Leadership>? LeadershipChanged
    {
        add { }
        remove { }
    }

    public IReadOnlyList<ConsensusMember> Members => _members;

    public int MaxEntrySize => 1 << 20;

    public void AnnounceCommits()
    {
    }

    public void Learn(long index, long term)
    {
    }

    internal bool AddSucceeds { get; set; } = true;

    /// <summary>Seen by an addition while it runs.</summary>
    internal Action<string> Adding { get; set; } = _ => { };

    internal int Transfers { get; private set; }

    internal int Busy { get; private set; }

    internal void Reach(string nodeId, bool reachable) =>
        _members = [.. _members.Select(member => member.NodeId == nodeId ? member with { Reachable = reachable } : member)];

    public async Task<bool> AddMemberAsync(string nodeId, CancellationToken cancellation)
    {
        await OneAtATime();
        Adding(nodeId);
        if (AddSucceeds)
        {
            _members = _members.Add(new ConsensusMember(nodeId, true, true));
        }

        return AddSucceeds;
    }

    public async Task<bool> RemoveMemberAsync(string nodeId, CancellationToken cancellation)
    {
        await OneAtATime();
        var rest = _members.RemoveAll(member => member.NodeId == nodeId);
        var answering = rest.Count(member => member.NodeId == "self" || member.Reachable == true);
        Assert.True(answering > rest.Count / 2, $"removing {nodeId} loses the quorum");
        _members = rest;
        return true;
    }

    public Task TransferLeadershipAsync(CancellationToken cancellation)
    {
        Transfers++;
        return Task.CompletedTask;
    }

    public Task<ProposeResult> ProposeAsync(ReadOnlyMemory<byte> entry, long term, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<long> ReadBarrierAsync(CancellationToken cancellation) => new(Leadership.Term);

    public Task StartAsync(CancellationToken cancellation) => Task.CompletedTask;

    public ValueTask WaitForApplyAsync(long index, CancellationToken cancellation) => ValueTask.CompletedTask;

    public Task<ReadOnlyMemory<byte>> HandleAsync(string callerNodeId, ReadOnlyMemory<byte> request, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task OneAtATime()
    {
        Assert.Equal(0, Busy);
        Busy++;
        await Task.Yield();
        Busy--;
    }
}
