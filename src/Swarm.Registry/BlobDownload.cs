using System.Net;
using System.Security.Cryptography;

namespace Swarm.Registry;

/// <summary>One blob into one file, resumed after cuts.</summary>
internal sealed class BlobDownload(RegistryClient client, RegistryRepository repository, Descriptor blob, string path, Action<long>? progress)
{
    private const int BufferSize = 128 * 1024;

    /// <summary>A write failed, which no other attempt of the registry's mends.</summary>
    private bool _diskRefused;

    public async Task RunAsync(CancellationToken cancellation)
    {
        var wanted = Digest.Parse(blob.Digest);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = new FileStream(
            path, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, BufferSize = 0, Options = FileOptions.Asynchronous });
        await RehashAsync(file, hash, cancellation);

        // An attempt that brings something starts the count anew: a slow line that is often cut still ends.
        var delay = client.Options.RetryDelay;
        for (var attempt = 1; file.Position < blob.Size; attempt++)
        {
            var before = file.Position;
            try
            {
                await AttemptAsync(file, hash, cancellation);
            }
            catch (Exception e) when (IsCut(e, cancellation))
            {
                attempt = file.Position > before ? 0 : attempt;
                if (attempt >= client.Options.Attempts)
                {
                    throw new RegistryException(RegistryFault.Unreachable, $"download of {blob.Digest} broke off at byte {file.Position} of {blob.Size}", e);
                }

                await Task.Delay(delay, client.Time, cancellation);
            }
        }

        if (Digest.FromHash(hash.GetHashAndReset()) != wanted)
        {
            file.SetLength(0);
            throw new RegistryException(RegistryFault.Invalid, $"filesystem layer verification failed for digest {wanted}");
        }
    }

    private bool IsCut(Exception e, CancellationToken cancellation) =>
        !_diskRefused && (e is IOException or HttpRequestException || (e is OperationCanceledException && !cancellation.IsCancellationRequested));

    private async ValueTask WriteAsync(FileStream file, ReadOnlyMemory<byte> chunk, CancellationToken cancellation)
    {
        try
        {
            await file.WriteAsync(chunk, cancellation);
        }
        catch (IOException)
        {
            _diskRefused = true;
            throw;
        }
    }

    private async Task AttemptAsync(FileStream file, IncrementalHash hash, CancellationToken cancellation)
    {
        using var response = await repository.GetAsync($"blobs/{blob.Digest}", [], file.Position, cancellation);
        if (file.Position > 0 && (response.StatusCode != HttpStatusCode.PartialContent || response.Content.Headers.ContentRange?.From != file.Position))
        {
            // This registry does not resume: from the beginning.
            Restart(file, hash);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return;
            }
        }

        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[BufferSize];
        while (await ReadAsync(body, buffer, cancellation) is > 0 and var read)
        {
            if (read > blob.Size - file.Position)
            {
                Restart(file, hash);
                throw new RegistryException(RegistryFault.Invalid, $"blob {blob.Digest} is larger than the {blob.Size} bytes of its manifest");
            }

            hash.AppendData(buffer, 0, read);
            await WriteAsync(file, buffer.AsMemory(0, read), cancellation);
            progress?.Invoke(file.Position);
        }

        if (file.Position < blob.Size)
        {
            throw new IOException("the connection ended early");
        }
    }

    private async ValueTask<int> ReadAsync(Stream body, byte[] buffer, CancellationToken cancellation)
    {
        using var stall = new CancellationTokenSource(client.Options.StallTimeout, client.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stall.Token, cancellation);
        return await body.ReadAsync(buffer, both.Token);
    }

    private async Task RehashAsync(FileStream file, IncrementalHash hash, CancellationToken cancellation)
    {
        if (file.Length > blob.Size)
        {
            Restart(file, hash);
        }

        var buffer = new byte[BufferSize];
        while (await file.ReadAsync(buffer, cancellation) is > 0 and var read)
        {
            hash.AppendData(buffer, 0, read);
        }
    }

    private static void Restart(FileStream file, IncrementalHash hash)
    {
        file.SetLength(0);
        file.Position = 0;
        hash.GetHashAndReset();
    }
}
