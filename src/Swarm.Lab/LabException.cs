namespace Swarm.Lab;

/// <summary>What a lab was asked and cannot do; the message is for the user, in one line.</summary>
public sealed class LabException(string message, Exception? inner = null) : Exception(message, inner);
