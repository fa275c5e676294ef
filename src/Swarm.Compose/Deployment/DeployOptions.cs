namespace Swarm.Compose.Deployment;

/// <param name="Prune">Also removes the stack's services that the compose files do not have.</param>
/// <param name="ResolveImage">When a registry is asked which digest an image's name stands for.</param>
/// <param name="CredentialsOf">The X-Registry-Auth value for an image, by which its registry is asked; null: none.</param>
/// <param name="WithRegistryAuth">The nodes get these credentials too.</param>
public sealed record DeployOptions(bool Prune, ResolveImage ResolveImage, Func<string, string?> CredentialsOf, bool WithRegistryAuth);

public enum ResolveImage { Always, Changed, Never }
