namespace Swarm.Model.Templates;

internal enum TokenKind { Word, Field, Text, Number, Open, Close, Pipe, Dot }

/// <summary>One piece of an action: a word (if, env), a field (.Task), a quoted text, a number, a parenthesis, a pipe, or the dot alone.</summary>
/// <param name="IsAttached">Nothing stands between it and the token before.</param>
internal readonly record struct TemplateToken(TokenKind Kind, string Value, int Line, bool IsAttached = false);
