namespace Swarm.Chaos.Running;

/// <summary>The run itself could not be made, so it says nothing about the cluster; the message is for the user.</summary>
public sealed class RunException(string message, Exception? inner = null) : Exception(message, inner);
