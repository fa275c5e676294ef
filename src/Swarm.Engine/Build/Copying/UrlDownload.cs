using System.Globalization;

namespace Swarm.Engine.Build.Copying;

/// <summary>`ADD http://...`: one file, with the time that the server says it has.</summary>
internal static class UrlDownload
{
    /// <summary>Bytes of one file.</summary>
    private const long MaxSize = 64L << 30;

    private const string Unnamed = "__unnamed__";

    public static bool IsUrl(string word) =>
        (word.StartsWith("http://", StringComparison.Ordinal) || word.StartsWith("https://", StringComparison.Ordinal))
        && !word.EndsWith(".git", StringComparison.Ordinal) && !word.Contains(".git#", StringComparison.Ordinal);

    public static bool IsGit(string word) =>
        word.StartsWith("git@", StringComparison.Ordinal) || word.StartsWith("git://", StringComparison.Ordinal)
        || ((word.EndsWith(".git", StringComparison.Ordinal) || word.Contains(".git#", StringComparison.Ordinal)) && word.Contains("://", StringComparison.Ordinal));

    /// <summary>Answers the file's name in <paramref name="folder"/>.</summary>
    /// <exception cref="EngineException">400: it cannot be had.</exception>
    public static async Task<string> GetAsync(HttpClient http, string url, string folder, Func<string, ValueTask> say, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri))
        {
            throw EngineException.BadRequest($"ADD failed: parse \"{url}\": invalid URL");
        }

        try
        {
            using var response = await http.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (!response.IsSuccessStatusCode)
            {
                throw EngineException.BadRequest($"ADD failed: failed to GET {url} with status {(int)response.StatusCode} {response.ReasonPhrase}");
            }

            var name = NameOf(uri, response.Content.Headers.ContentDisposition?.FileName);
            var path = Path.Combine(folder, name);
            await using (var body = await response.Content.ReadAsStreamAsync(cancellation))
            await using (var file = File.Create(path))
            {
                await CopyAsync(body, file, url, cancellation);
            }

            await say(string.Create(CultureInfo.InvariantCulture, $"Downloaded {url}: {new FileInfo(path).Length} bytes\n"));
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.SetLastWriteTimeUtc(path, (response.Content.Headers.LastModified ?? DateTimeOffset.UnixEpoch).UtcDateTime);
            return name;
        }
        catch (HttpRequestException e)
        {
            throw new EngineException(400, $"ADD failed: Get \"{url}\": {e.Message}", e);
        }
    }

    private static async Task CopyAsync(Stream from, Stream to, string url, CancellationToken cancellation)
    {
        var buffer = new byte[128 * 1024];
        long total = 0;
        for (int read; (read = await from.ReadAsync(buffer, cancellation)) > 0;)
        {
            total += read;
            if (total > MaxSize)
            {
                throw EngineException.BadRequest($"ADD failed: {url} has more than {MaxSize} bytes");
            }

            await to.WriteAsync(buffer.AsMemory(0, read), cancellation);
        }
    }

    private static string NameOf(Uri uri, string? suggested)
    {
        var last = Uri.UnescapeDataString(uri.AbsolutePath[(uri.AbsolutePath.LastIndexOf('/') + 1)..]);
        foreach (var name in new[] { last, suggested?.Trim('"') })
        {
            if (!string.IsNullOrEmpty(name) && name is not ("." or "..") && !name.AsSpan().ContainsAny('/', '\0'))
            {
                return name;
            }
        }

        return Unnamed;
    }
}
