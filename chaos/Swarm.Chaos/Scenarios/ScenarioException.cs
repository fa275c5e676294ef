namespace Swarm.Chaos.Scenarios;

/// <summary>A scenario's file says something that cannot be; the message is for the user and names file and line.</summary>
public sealed class ScenarioException(string message, Exception? inner = null) : Exception(message, inner);
