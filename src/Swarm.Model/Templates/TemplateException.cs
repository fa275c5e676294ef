namespace Swarm.Model.Templates;

/// <summary>A template that cannot be read or filled in. The text never holds a value.</summary>
public sealed class TemplateException(int line, string message) : Exception($"template: expansion:{line}: {message}");
