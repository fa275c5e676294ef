using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Swarm.Registry;

/// <summary>Answers a registry's challenge: Basic, or a bearer token that a token server gives for one repository.</summary>
/// <param name="root">The registry that asks.</param>
internal sealed class Authorization(RegistryClient client, RegistryCredentials? credentials, Uri root)
{
    private const int MaxTokenAnswer = 1 << 20;

    /// <exception cref="RegistryException">No credentials, or the token server refused or did not answer.</exception>
    public async Task<AuthenticationHeaderValue> AnswerAsync(Challenge challenge, string scope, CancellationToken cancellation)
    {
        if (challenge.Scheme == "basic")
        {
            return credentials is { HasPassword: true }
                ? Basic(credentials)
                : throw new RegistryException(RegistryFault.Unauthorized, "no basic auth credentials");
        }

        if (challenge.Scheme != "bearer")
        {
            throw new RegistryException(RegistryFault.Unauthorized, $"the registry asks for the unknown scheme \"{challenge.Scheme}\"");
        }

        if (credentials is { RegistryToken: { Length: > 0 } given })
        {
            return new AuthenticationHeaderValue("Bearer", given);
        }

        return new AuthenticationHeaderValue("Bearer", (await TokenAsync(challenge, scope, offline: false, cancellation)).Token);
    }

    /// <summary>As <see cref="AnswerAsync"/> for no repository, with the refresh token that the server may give (empty: none).</summary>
    public async Task<(AuthenticationHeaderValue Header, string Refresh)> LogInAsync(Challenge challenge, CancellationToken cancellation)
    {
        if (challenge.Scheme != "bearer")
        {
            return (await AnswerAsync(challenge, "", cancellation), "");
        }

        var (token, refresh) = await TokenAsync(challenge, "", offline: true, cancellation);
        return (new AuthenticationHeaderValue("Bearer", token), refresh);
    }

    private static AuthenticationHeaderValue Basic(RegistryCredentials credentials) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credentials.User}:{credentials.Password}")));

    private async Task<(string Token, string Refresh)> TokenAsync(Challenge challenge, string scope, bool offline, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(challenge["realm"], UriKind.Absolute, out var realm) || !IsTrusted(realm))
        {
            throw new RegistryException(RegistryFault.Invalid, "the registry names no token server that may be used (https is needed)");
        }

        using var request = Request(realm, challenge["service"], scope, offline);
        using var response = await client.SendAsync(request, root.Authority, cancellation);
        if (!response.IsSuccessStatusCode)
        {
            throw await Refusals.OfAsync(client, response, cancellation);
        }

        var body = await client.ReadAsync(response, MaxTokenAnswer, cancellation);
        try
        {
            var answer = JsonSerializer.Deserialize(body, RegistryJson.Default.TokenAnswer);
            var token = answer?.Token ?? answer?.AccessToken ?? throw new RegistryException(RegistryFault.Invalid, "the token server gave no token");
            return (token, answer?.RefreshToken ?? "");
        }
        catch (JsonException)
        {
            // Without the inner exception: it may quote the answer, and the answer is a secret.
            throw new RegistryException(RegistryFault.Invalid, "the token server's answer is not JSON");
        }
    }

    private HttpRequestMessage Request(Uri realm, string service, string scope, bool offline)
    {
        if (credentials is { IdentityToken: { Length: > 0 } refresh })
        {
            var form = new Dictionary<string, string>
            {
                ["grant_type"] = "refresh_token", ["refresh_token"] = refresh, ["service"] = service, ["scope"] = scope, ["client_id"] = "swarm",
            };
            return new HttpRequestMessage(HttpMethod.Post, realm) { Content = new FormUrlEncodedContent(form) };
        }

        var separator = realm.Query.Length > 0 ? "&" : "?";
        var scopes = string.Concat(scope.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(one => $"&scope={Uri.EscapeDataString(one)}"));
        var account = credentials is { User: { Length: > 0 } user } ? $"&account={Uri.EscapeDataString(user)}" : "";
        var query = $"{separator}service={Uri.EscapeDataString(service)}{scopes}{account}{(offline ? "&offline_token=true&client_id=swarm" : "")}";
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(realm.AbsoluteUri + query));
        if (credentials is { HasPassword: true })
        {
            request.Headers.Authorization = Basic(credentials);
        }

        return request;
    }

    /// <summary>A password goes over plain HTTP only where the whole registry does.</summary>
    private bool IsTrusted(Uri realm) => realm.Scheme == Uri.UriSchemeHttps || (realm.Scheme == Uri.UriSchemeHttp && root.Scheme == Uri.UriSchemeHttp);
}
