using System.Collections.Immutable;
using MessagePack;
using Swarm.Store.Consensus;

namespace Swarm.Store.Replication;

/// <summary>The members as the asked manager counts them; only the leader knows who of them can be reached.</summary>
[MessagePackObject]
public sealed record MembersAnswer
{
    /// <summary>The question: this byte alone.</summary>
    internal const byte Kind = IConsensus.FirstStoreKind + 1;

    [Key(0)] public ImmutableArray<MemberStanding> Members { get; init; } = [];

    internal static MembersAnswer Of(IReadOnlyList<ConsensusMember> members) =>
        new() { Members = [.. members.Select(member => new MemberStanding { NodeId = member.NodeId, Voter = member.Voter, Reachable = member.Reachable })] };
}

/// <summary>See <see cref="ConsensusMember"/>.</summary>
[MessagePackObject]
public sealed record MemberStanding
{
    [Key(0)] public string NodeId { get; init; } = "";
    [Key(1)] public bool Voter { get; init; }
    [Key(2)] public bool? Reachable { get; init; }

    internal ConsensusMember ToMember() => new(NodeId, Voter, Reachable);
}
