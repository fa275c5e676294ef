using System.Runtime.CompilerServices;
using Swarm.Rpc.Dispatch;
using Swarm.Rpc.Wire;

namespace Swarm.Rpc.Clients;

/// <summary>
/// The agent's line to the leader. A session finds the leader and learns the list of managers; heartbeats and statuses go where the session is,
/// and fail like it does, so that one thing decides when to register again: the session.
/// </summary>
/// <param name="random">Used under a lock of its own.</param>
public sealed class DispatcherClient(RpcChannels channels, PeerAddressBook managers, Random random, TimeProvider time) : IDispatcherClient
{
    /// <summary>
    /// How long a manager may take to open a session in the first round; twice that in the next, and so on. A leader that was cut off answers
    /// nothing, and its successor must hear of this node before it takes it for dead.
    /// </summary>
    internal static readonly TimeSpan FirstPatience = TimeSpan.FromMilliseconds(700);

    private readonly ManagerCalls _calls = new(managers, random, time);
    private volatile string? _session;

    /// <exception cref="RpcFault">No manager took the session (<see cref="RpcStatus.Unavailable"/>), or it was refused, or it broke.</exception>
    public async IAsyncEnumerable<SessionMessage> SessionAsync(SessionRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var (address, messages) = await _calls.CallAsync((candidate, round, token) => OpenAsync(candidate, round, request, token), cancellation).ConfigureAwait(false);
        _session = address;
        try
        {
            do
            {
                managers.Replace(messages.Current.Managers);
                yield return messages.Current;
            }
            while (await messages.MoveNextAsync().ConfigureAwait(false));
        }
        finally
        {
            Interlocked.CompareExchange(ref _session, null, address);
            await messages.DisposeAsync().ConfigureAwait(false);
        }
    }

    public Task<HeartbeatResponse> HeartbeatAsync(HeartbeatRequest request, CancellationToken cancellation) =>
        channels.CallAsync(SessionAddress(), RpcMethods.Heartbeat, request, RpcLimits.CallTimeout, cancellation);

    public Task UpdateTaskStatusAsync(UpdateTaskStatusRequest request, CancellationToken cancellation) =>
        channels.CallAsync(SessionAddress(), RpcMethods.UpdateTaskStatus, request, RpcLimits.CommitTimeout, cancellation);

    public Task AcknowledgeNetworksAsync(AcknowledgeNetworksRequest request, CancellationToken cancellation) =>
        channels.CallAsync(SessionAddress(), RpcMethods.AcknowledgeNetworks, request, RpcLimits.CallTimeout, cancellation);

    /// <inheritdoc cref="IDispatcher.FindNetworkAsync"/>
    public Task<FindNetworkResponse> FindNetworkAsync(FindNetworkRequest request, CancellationToken cancellation) => _calls.CallAsync(
        (address, token) => channels.CallAsync(address, RpcMethods.FindNetwork, request, RpcLimits.CallTimeout, token), cancellation);

    /// <inheritdoc cref="IDispatcher.AttachNetworkAsync"/>
    public Task<AttachNetworkResponse> AttachNetworkAsync(AttachNetworkRequest request, CancellationToken cancellation) => _calls.CallAsync(
        (address, token) => channels.CallAsync(address, RpcMethods.AttachNetwork, request, RpcLimits.CommitTimeout, token), cancellation);

    /// <inheritdoc cref="IDispatcher.DetachNetworkAsync"/>
    public Task DetachNetworkAsync(DetachNetworkRequest request, CancellationToken cancellation) => _calls.CallAsync(
        (address, token) => channels.CallAsync(address, RpcMethods.DetachNetwork, request, RpcLimits.CommitTimeout, token), cancellation);

    private async Task<(string Address, IAsyncEnumerator<SessionMessage> Messages)> OpenAsync(string address, int round, SessionRequest request, CancellationToken cancellation)
    {
        var patience = FirstPatience * (1 << (round - 1));
        var messages = channels.StreamAsync(address, RpcMethods.Session, request, patience < RpcLimits.CallTimeout ? patience : RpcLimits.CallTimeout, cancellation).GetAsyncEnumerator(cancellation);
        try
        {
            return await messages.MoveNextAsync().ConfigureAwait(false)
                ? (address, messages)
                : throw new RpcFault(RpcStatus.Unavailable, $"{address} ended the session before it began");
        }
        catch
        {
            await messages.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private string SessionAddress() => _session ?? throw new RpcFault(RpcStatus.SessionInvalid, "this node has no session with a manager");
}
