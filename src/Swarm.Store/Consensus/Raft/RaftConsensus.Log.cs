using Microsoft.Extensions.Logging;

namespace Swarm.Store.Consensus.Raft;

public sealed partial class RaftConsensus
{
    [LoggerMessage(2010, LogLevel.Information, "consensus of node {NodeId} started in term {Term}, committed up to {Index}, {Members} members")]
    private partial void LogStarted(string nodeId, long term, long index, int members);

    [LoggerMessage(2013, LogLevel.Information, "the managers are now {Members}")]
    private partial void LogMembers(string members);

    [LoggerMessage(2014, LogLevel.Debug, "the entry at index {Index} of term {Term} was in flight when the leadership ended (index 0: not appended)")]
    private partial void LogProposalInterrupted(long index, long term);

    [LoggerMessage(2015, LogLevel.Warning, "it is not known whether the entry at index {Index} of term {Term} was committed")]
    private partial void LogProposalUnknown(long index, long term);

    [LoggerMessage(2017, LogLevel.Critical, "the consensus of this node has failed and takes no further part")]
    private partial void LogLoopFailed(Exception e);

    [LoggerMessage(2018, LogLevel.Warning, "the quorum was given up: {NodeId} goes on as the only manager, with everything up to entry {Index}")]
    private partial void LogRecovered(string nodeId, long index);

    [LoggerMessage(2016, LogLevel.Warning, "refused a message of {Caller}")]
    private partial void LogRefused(Exception e, string caller);
}
