namespace Swarm.Lab;

/// <summary>One step of a long command has been done. Called from several threads; each call is one line.</summary>
public delegate void LabProgress(string line);
