namespace Swarm.Engine;

/// <summary>A refusal that a client can act on, with the HTTP status and the text that Docker gives.</summary>
public sealed class EngineException(int status, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>HTTP status: 400, 404, 409, 500, 501...</summary>
    public int Status { get; } = status;

    public static EngineException BadRequest(string message) => new(400, message);

    public static EngineException NotFound(string message) => new(404, message);

    public static EngineException Conflict(string message) => new(409, message);

    public static EngineException NotImplemented(string message) => new(501, message);
}
