using Swarm.Api.Authorization;

namespace Swarm.Daemon;

/// <summary>The plugins that the API asks. All of them are there before it serves anybody.</summary>
internal sealed class AuthorizationPlugins : IDisposable
{
    private readonly List<AuthorizationPlugin> _opened = [];

    internal IReadOnlyList<AuthorizationPlugin> Opened => _opened;

    /// <exception cref="IOException">One is not there or does not answer.</exception>
    internal static async Task<AuthorizationPlugins> OpenAsync(IReadOnlyList<string> names, CancellationToken cancellation)
    {
        var plugins = new AuthorizationPlugins();
        try
        {
            foreach (var name in names)
            {
                plugins._opened.Add(await AuthorizationPlugin.OpenAsync(name, cancellation));
            }

            return plugins;
        }
        catch
        {
            plugins.Dispose();
            throw;
        }
    }

    public void Dispose() => _opened.ForEach(plugin => plugin.Dispose());
}
