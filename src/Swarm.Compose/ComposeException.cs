namespace Swarm.Compose;

/// <summary>A compose file is not what it should be; the message names the file, the line and the key.</summary>
public sealed class ComposeException(string message, Exception? inner = null) : Exception(message, inner);
