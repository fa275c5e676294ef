namespace Swarm.Model;

/// <summary>
/// Many records hold the same value here (the spec of a service's thousand tasks, the id of their service): those that are read from bytes share one
/// instance, which costs a fraction of the memory and of the garbage collector's time. For strings and records.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SharedAttribute : Attribute;
