using Swarm.Compose.Tree;

namespace Swarm.Compose;

/// <summary>Compose files, merged, with their variables filled in, in one form and with absolute paths.</summary>
/// <param name="Root">As the compose specification has it: services, networks, volumes, secrets, configs.</param>
/// <param name="Folder">Of the first file.</param>
/// <param name="Variables">What was used to fill in.</param>
/// <param name="Remarks">What the user should know.</param>
public sealed record ComposeProject(string Name, ComposeMap Root, string Folder, Func<string, string?> Variables, IReadOnlyList<string> Remarks);
