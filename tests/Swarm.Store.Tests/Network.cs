using System.Collections.Concurrent;
using Swarm.Store.Consensus;

namespace Swarm.Store.Tests;

/// <summary>The managers' transport inside one process. Links can be cut, and nodes can be silent (accept nothing, refuse nothing).</summary>
internal sealed class Network
{
    private readonly ConcurrentDictionary<string, IPeerHandler> _handlers = new();
    private readonly ConcurrentDictionary<(string From, string To), bool> _cut = new();
    private readonly ConcurrentDictionary<string, bool> _silent = new();

    /// <summary>Sees every request before it is delivered; what it returns is delivered, null or nothing loses it.</summary>
    internal Func<string, string, ReadOnlyMemory<byte>, ReadOnlyMemory<byte>?>? Intercept { get; set; }

    internal IPeerTransport For(string nodeId) => new Transport(this, nodeId);

    internal void Attach(string nodeId, IPeerHandler handler) => _handlers[nodeId] = handler;

    internal void Detach(string nodeId) => _handlers.TryRemove(nodeId, out _);

    internal void Isolate(string nodeId, IEnumerable<string> others)
    {
        foreach (var other in others.Where(id => id != nodeId))
        {
            _cut[(nodeId, other)] = _cut[(other, nodeId)] = true;
        }
    }

    internal void Silence(string nodeId) => _silent[nodeId] = true;

    internal void Heal()
    {
        _cut.Clear();
        _silent.Clear();
    }

    private async Task<ReadOnlyMemory<byte>> CallAsync(string from, string to, ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        if (_silent.ContainsKey(to) || _silent.ContainsKey(from) || _cut.ContainsKey((from, to)))
        {
            await Task.Delay(Timeout.Infinite, cancellation);
        }

        if (!_handlers.TryGetValue(to, out var handler))
        {
            throw new PeerUnreachableException($"{to} is down");
        }

        if (Intercept is { } intercept)
        {
            // "condition ? null : request" is an empty memory, not null: the null becomes an array first.
            request = intercept(from, to, request) is { IsEmpty: false } passed ? passed : throw new IOException("lost");
        }

        byte[] copy = request.ToArray();
        var answer = await Task.Run(() => handler.HandleAsync(from, copy, cancellation), cancellation);
        if (_cut.ContainsKey((to, from)) || _silent.ContainsKey(to))
        {
            await Task.Delay(Timeout.Infinite, cancellation);
        }

        return answer.ToArray();
    }

    private sealed class Transport(Network network, string nodeId) : IPeerTransport
    {
        public Task<ReadOnlyMemory<byte>> CallAsync(string to, ReadOnlyMemory<byte> request, CancellationToken cancellation) =>
            network.CallAsync(nodeId, to, request, cancellation);
    }
}
