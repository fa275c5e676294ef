namespace Swarm.Engine.Build.Dockerfiles;

/// <summary>One instruction of a Dockerfile.</summary>
/// <param name="Name">Upper case.</param>
/// <param name="Original">The whole line with its continuations joined, as it is shown in a step's title.</param>
/// <param name="Flags">As written: --from=x.</param>
/// <param name="Arguments">The rest of the line.</param>
/// <param name="Line">Where it begins, from 1.</param>
internal sealed record Instruction(
    string Name, string Original, IReadOnlyList<string> Flags, string Arguments, int Line, IReadOnlyList<HereDocument> Documents);

/// <param name="Literal">Its end was quoted: nothing in it is expanded.</param>
internal sealed record HereDocument(string Name, string Content, bool Literal);

/// <param name="Escape">The escape character, which a directive may change.</param>
/// <param name="Warnings">To be shown before the first step.</param>
internal sealed record Dockerfile(IReadOnlyList<Instruction> Instructions, char Escape, IReadOnlyList<string> Warnings);
