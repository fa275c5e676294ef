using Microsoft.Extensions.Logging;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Dispatch;
using Swarm.Store;

namespace Swarm.Manager.Dispatch;

/// <summary>The agents' door on every manager. It answers only while this node leads and its loops run.</summary>
/// <param name="addressOf">host:port of a manager, where more is known of it than the store says; null elsewhere.</param>
public sealed partial class Dispatcher(
    IObjectStore store, TimeProvider time, Random random, ILoggerFactory loggers, Func<string, string?>? addressOf = null) : IDispatcher
{
    /// <summary>Wait before a failed dispatcher starts over.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly ILogger<Dispatcher> _logger = loggers.CreateLogger<Dispatcher>();
    private volatile DispatcherTerm? _term;

    /// <inheritdoc/>
    public IAsyncEnumerable<SessionMessage> SessionAsync(NodeIdentity caller, SessionRequest request, CancellationToken cancellation) =>
        Term().SessionAsync(caller, request, cancellation);

    /// <inheritdoc/>
    public Task<HeartbeatResponse> HeartbeatAsync(NodeIdentity caller, HeartbeatRequest request, CancellationToken cancellation) =>
        Term().HeartbeatAsync(caller, request, cancellation);

    /// <inheritdoc/>
    public Task UpdateTaskStatusAsync(NodeIdentity caller, UpdateTaskStatusRequest request, CancellationToken cancellation) =>
        Term().UpdateTaskStatusAsync(caller, request, cancellation);

    /// <inheritdoc/>
    public Task AcknowledgeNetworksAsync(NodeIdentity caller, AcknowledgeNetworksRequest request, CancellationToken cancellation)
    {
        Term().AcknowledgeNetworks(caller, request);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<FindNetworkResponse> FindNetworkAsync(NodeIdentity caller, FindNetworkRequest request, CancellationToken cancellation) =>
        Term().FindNetworkAsync(request, cancellation);

    /// <inheritdoc/>
    public Task<AttachNetworkResponse> AttachNetworkAsync(NodeIdentity caller, AttachNetworkRequest request, CancellationToken cancellation) =>
        Term().AttachNetworkAsync(caller, request, cancellation);

    /// <inheritdoc/>
    public Task DetachNetworkAsync(NodeIdentity caller, DetachNetworkRequest request, CancellationToken cancellation) =>
        Term().DetachNetworkAsync(caller, request, cancellation);

    /// <summary>Serves for one term of leadership.</summary>
    internal async Task LeadAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var term = new DispatcherTerm(store, time, random, loggers, stop.Token);
            _term = term;
            try
            {
                await term.RunAsync(stop);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                LogFailed(error);
            }
            finally
            {
                _term = null;
                term.End();
            }

            await Task.Delay(Pause, time, cancellation);
        }
    }

    private DispatcherTerm Term() => _term ?? throw new RpcFault(
        RpcStatus.NotLeader,
        "this node does not lead the swarm",
        store.Leadership.LeaderId is { } leader ? addressOf?.Invoke(leader) ?? store.View.Nodes.Find(leader)?.Manager?.Address : null);
}
