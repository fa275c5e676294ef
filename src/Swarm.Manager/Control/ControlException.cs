namespace Swarm.Manager.Control;

/// <summary>A refusal by the cluster's control, with the HTTP status and the text that Docker gives (swarmkit's, with its gRPC code).</summary>
public sealed class ControlException(int status, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>HTTP status: 400, 404, 409, 500, 501...</summary>
    public int Status { get; } = status;

    internal static ControlException Invalid(string text) => new(400, $"rpc error: code = InvalidArgument desc = {text}");

    internal static ControlException Refused(string text) => new(400, $"rpc error: code = FailedPrecondition desc = {text}");

    internal static ControlException Exists(string text) => new(409, $"rpc error: code = AlreadyExists desc = {text}");

    internal static ControlException NotFound(string text) => new(404, text);

    internal static ControlException Unknown(string text) => new(500, $"rpc error: code = Unknown desc = {text}");

    internal static ControlException NotBuilt(string text) => new(501, text);
}
