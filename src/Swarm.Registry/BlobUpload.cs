using System.Net;
using System.Net.Http.Headers;

namespace Swarm.Registry;

/// <summary>
/// One blob into a repository (distribution-spec, "Pushing blobs"): whole in one request if it is small, else piece by piece; after a cut it goes on
/// where the registry says that it stopped.
/// </summary>
internal sealed class BlobUpload(RegistryClient client, RegistryRepository repository, Digest digest, Func<Stream> open, Action<long>? progress)
{
    /// <summary>Bytes of one request. Resuming repeats at most that much.</summary>
    public const int PieceSize = 16 << 20;

    public async Task RunAsync(Uri location, CancellationToken cancellation)
    {
        await using var content = open();
        var delay = client.Options.RetryDelay;
        long sent = 0;
        for (var attempt = 1; ; attempt++)
        {
            var before = sent;
            try
            {
                while (content.Length - sent > PieceSize)
                {
                    location = await PatchAsync(location, content, sent, cancellation);
                    sent += PieceSize;
                }

                await PutAsync(location, content, sent, cancellation);
                return;
            }
            catch (RegistryException e) when (e.Fault is RegistryFault.Unreachable or RegistryFault.Server)
            {
                attempt = sent > before ? 0 : attempt;
                if (attempt >= client.Options.Attempts)
                {
                    throw;
                }

                await Task.Delay(delay, client.Time, cancellation);
                (location, sent) = await WhereAsync(location, content.Length, cancellation);
                if (sent < 0)
                {
                    return;
                }
            }
        }
    }

    private async Task<Uri> PatchAsync(Uri location, Stream content, long from, CancellationToken cancellation)
    {
        using var response = await repository.SendAsync(
            () => Request(HttpMethod.Patch, location, content, from, PieceSize), cancellation);
        return response.StatusCode is HttpStatusCode.Accepted or HttpStatusCode.NoContent
            ? repository.Location(response) ?? location
            : throw await Refusals.OfAsync(client, response, cancellation);
    }

    private async Task PutAsync(Uri location, Stream content, long from, CancellationToken cancellation)
    {
        var target = new Uri($"{location.AbsoluteUri}{(location.Query.Length > 0 ? "&" : "?")}digest={Uri.EscapeDataString(digest.ToString())}");
        using var response = await repository.SendAsync(
            () => Request(HttpMethod.Put, target, content, from, content.Length - from), cancellation);
        if (!response.IsSuccessStatusCode)
        {
            throw await Refusals.OfAsync(client, response, cancellation);
        }

        progress?.Invoke(content.Length);
    }

    /// <summary>How far the registry is: -1 if it has the blob, a new upload if it forgot this one.</summary>
    private async Task<(Uri Location, long Sent)> WhereAsync(Uri location, long length, CancellationToken cancellation)
    {
        if (await repository.HasBlobAsync(digest, cancellation))
        {
            return (location, -1);
        }

        using var response = await repository.SendAsync(() => new HttpRequestMessage(HttpMethod.Get, location), cancellation);
        if (response.StatusCode != HttpStatusCode.NoContent)
        {
            return (await repository.BeginUploadAsync(cancellation), 0);
        }

        // "Range: 0-99" means a hundred bytes, and no bytes look like one; a piece that arrived in part is sent again from there.
        var range = response.Headers.TryGetValues("Range", out var values) ? values.First() : "0-0";
        var sent = long.TryParse(range[(range.LastIndexOf('-') + 1)..], out var last) && last > 0 && last < length ? last + 1 : 0;
        return (repository.Location(response) ?? location, sent);
    }

    private HttpRequestMessage Request(HttpMethod method, Uri location, Stream content, long from, long count)
    {
        var request = new HttpRequestMessage(method, location) { Content = new Piece(content, from, count, progress, client) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        if (method == HttpMethod.Patch)
        {
            request.Content.Headers.TryAddWithoutValidation("Content-Range", $"{from}-{from + count - 1}");
        }

        return request;
    }

    /// <summary>A part of a file as a body; every request begins it anew.</summary>
    private sealed class Piece(Stream content, long from, long count, Action<long>? progress, RegistryClient client) : HttpContent
    {
        private const int BufferSize = 128 * 1024;

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            content.Position = from;
            var buffer = new byte[BufferSize];
            for (var left = count; left > 0;)
            {
                var read = await content.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)), cancellationToken);
                if (read == 0)
                {
                    throw new InvalidDataException("the blob became shorter while it was sent");
                }

                using var stall = new CancellationTokenSource(client.Options.StallTimeout, client.Time);
                using var both = CancellationTokenSource.CreateLinkedTokenSource(stall.Token, cancellationToken);
                await stream.WriteAsync(buffer.AsMemory(0, read), both.Token);
                left -= read;
                progress?.Invoke(from + count - left);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = count;
            return true;
        }
    }
}
