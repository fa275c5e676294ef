using System.Net;

namespace Swarm.Api.Client;

/// <summary>The engine refused: its own sentence, and its HTTP status.</summary>
public sealed class EngineClientException(HttpStatusCode status, string message) : Exception(message)
{
    public HttpStatusCode Status { get; } = status;
}

/// <summary>Nobody answers there, or the connection broke before the whole answer came.</summary>
public sealed class EngineUnreachableException(EngineEndpoint endpoint, Exception inner)
    : Exception($"Cannot connect to the Swarm daemon at {endpoint}. Is 'swarm daemon' running there?", inner)
{
    public EngineEndpoint Endpoint { get; } = endpoint;
}
