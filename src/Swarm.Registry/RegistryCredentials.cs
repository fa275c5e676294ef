namespace Swarm.Registry;

/// <summary>What a client gave for one registry. Never printed.</summary>
public sealed class RegistryCredentials
{
    public string User { get; init; } = "";
    public string Password { get; init; } = "";

    /// <summary>A refresh token (OAuth 2.0), instead of user and password.</summary>
    public string IdentityToken { get; init; } = "";

    /// <summary>A bearer token that the registry itself takes.</summary>
    public string RegistryToken { get; init; } = "";

    public bool HasPassword => User.Length > 0 || Password.Length > 0;

    public override string ToString() => "RegistryCredentials";
}
