using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Swarm.Model;
using Swarm.Rpc.Dispatch;

namespace Swarm.Agent;

/// <summary>
/// The networks that the managers want on this node, and how far they are made. One flow makes them, always the newest picture: what arrives meanwhile
/// gathers. What a restarted daemon finds counts until a manager says more.
/// </summary>
/// <param name="nodeId">This node's.</param>
internal sealed partial class NetworkKeeper(string nodeId, INodeNetworks networks, TimeProvider time, ILogger logger)
{
    private readonly Lock _lock = new();
    private readonly Channel<bool> _wantedRaised = Raised();
    private readonly Channel<bool> _madeRaised = Raised();
    private readonly ILogger _logger = logger;
    private ImmutableDictionary<string, NetworkTable> _wanted = networks.Tables;
    private Latch _next = new();
    private string _fault = "";

    /// <summary>The index of <see cref="_wanted"/>, of what is made, and of what this session's manager said last; 0: nothing yet.</summary>
    private long _index;
    private long _made;
    private long _told;
    private bool _leaving;
    private bool _left;

    /// <summary>A manager of an older version is told nothing.</summary>
    internal void BeginSession()
    {
        lock (_lock)
        {
            _told = 0;
        }
    }

    internal void Take(Assignments assignments)
    {
        if (assignments.NetworksIndex == 0)
        {
            return;
        }

        lock (_lock)
        {
            if (_leaving)
            {
                return;
            }

            var named = assignments.Networks.Select(change => change.NetworkId).ToHashSet(StringComparer.Ordinal);
            _wanted = assignments.Networks.Aggregate(
                _wanted.RemoveRange(assignments.Complete ? _wanted.Keys.Where(id => !named.Contains(id)) : assignments.RemovedNetworks),
                (tables, change) => tables.SetItem(change.NetworkId, change.ApplyTo(tables.GetValueOrDefault(change.NetworkId))));
            _index = _told = assignments.NetworksIndex;
        }

        _wantedRaised.Writer.TryWrite(true);
    }

    /// <summary>Makes what is wanted, until cancelled.</summary>
    internal async Task RunAsync(CancellationToken daemon)
    {
        var wait = TaskWorkerContext.FirstRetry;
        try
        {
            while (await _wantedRaised.Reader.WaitToReadAsync(daemon))
            {
                _wantedRaised.Reader.TryRead(out _);
                if (await MakeAsync(daemon))
                {
                    wait = TaskWorkerContext.FirstRetry;
                    continue;
                }

                _wantedRaised.Writer.TryWrite(true);
                await Task.Delay(wait, time, daemon);
                wait = wait * 2 < TaskWorkerContext.MaxRetry ? wait * 2 : TaskWorkerContext.MaxRetry;
            }
        }
        catch (OperationCanceledException) when (daemon.IsCancellationRequested)
        {
            // The networks stay as they are, like the containers on them.
        }
    }

    /// <summary>Completes when the network is made with the endpoint in it.</summary>
    /// <param name="progress">Hears what is waited for.</param>
    /// <exception cref="TaskRejectedException">This node can never make it.</exception>
    internal Task UntilMadeAsync(string networkId, string taskId, Action<string> progress, CancellationToken cancellation) =>
        UntilMadeAsync(networkId, table => table.Endpoints.ContainsKey(taskId), progress, cancellation);

    /// <summary>Completes when the network is made by such a table.</summary>
    /// <inheritdoc cref="UntilMadeAsync(string, string, Action{string}, CancellationToken)"/>
    internal async Task UntilMadeAsync(string networkId, Func<NetworkTable, bool> isMade, Action<string> progress, CancellationToken cancellation)
    {
        while (true)
        {
            Latch next;
            string text;
            lock (_lock)
            {
                if (networks.Tables.TryGetValue(networkId, out var table) && isMade(table))
                {
                    return;
                }

                if (networks.Unsupported.TryGetValue(networkId, out var reason))
                {
                    throw new TaskRejectedException(reason);
                }

                var name = _wanted.GetValueOrDefault(networkId)?.Network.Annotations.Name ?? networkId;
                text = $"waiting for network {name}{(_fault.Length > 0 ? ": " : "")}{_fault}";
                next = _next;
            }

            progress(text);
            await next.WaitAsync(cancellation);
        }
    }

    /// <summary>Tells the session's manager what is made, until cancelled or a call fails.</summary>
    internal async Task AcknowledgeAsync(IDispatcherClient client, string sessionId, CancellationToken session)
    {
        long acknowledged = 0;
        while (true)
        {
            long index;
            lock (_lock)
            {
                index = _told > 0 ? _made : 0;
            }

            if (index > acknowledged)
            {
                await client.AcknowledgeNetworksAsync(new AcknowledgeNetworksRequest { SessionId = sessionId, Index = index }, session);
                acknowledged = index;
                continue;
            }

            await _madeRaised.Reader.WaitToReadAsync(session);
            _madeRaised.Reader.TryRead(out _);
        }
    }

    /// <summary>The node leaves the cluster. Completes when nothing is left, nor what was being made meanwhile.</summary>
    internal async Task RemoveAllAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            _leaving = true;
            _wanted = _wanted.Clear();
        }

        _wantedRaised.Writer.TryWrite(true);
        while (true)
        {
            Latch next;
            lock (_lock)
            {
                if (_left)
                {
                    return;
                }

                next = _next;
            }

            await next.WaitAsync(cancellation);
        }
    }

    private async Task<bool> MakeAsync(CancellationToken daemon)
    {
        ImmutableDictionary<string, NetworkTable> wanted;
        long index;
        bool leaving;
        lock (_lock)
        {
            (wanted, index, leaving) = (_wanted, _index, _leaving);
        }

        string fault;
        try
        {
            await networks.ApplyAsync(nodeId, wanted, daemon);
            fault = "";
        }
        catch (Exception error) when (!daemon.IsCancellationRequested)
        {
            LogNotMade(error);
            fault = error.Message;
        }

        Latch waiters;
        lock (_lock)
        {
            _made = fault.Length == 0 ? index : _made;
            _left = fault.Length == 0 && leaving;
            _fault = fault;
            (waiters, _next) = (_next, new Latch());
        }

        waiters.Open();
        _madeRaised.Writer.TryWrite(true);
        return fault.Length == 0;
    }

    private static Channel<bool> Raised() => Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
}
