using System.IO.Compression;
using ZstdSharp;

namespace Swarm.Engine.Archives;

internal enum CompressionKind
{
    None,
    Gzip,
    Zstd,
    Bzip2,
    Xz,
}

/// <summary>Compressed streams by their first bytes, whatever a media type says: gzip (RFC 1952), zstd (RFC 8878), bzip2, xz, or none.</summary>
internal static class Decompression
{
    private const int BufferSize = 256 * 1024;

    private static ReadOnlySpan<byte> Gzip => [0x1F, 0x8B, 0x08];

    private static ReadOnlySpan<byte> Zstd => [0x28, 0xB5, 0x2F, 0xFD];

    private static ReadOnlySpan<byte> Bzip2 => "BZh"u8;

    private static ReadOnlySpan<byte> Xz => [0xFD, 0x37, 0x7A, 0x58];

    /// <param name="start">The first four bytes, or all if there are fewer.</param>
    public static CompressionKind KindOf(ReadOnlySpan<byte> start) =>
        start.StartsWith(Gzip) ? CompressionKind.Gzip : start.StartsWith(Zstd) ? CompressionKind.Zstd
        : start.StartsWith(Bzip2) ? CompressionKind.Bzip2 : start.StartsWith(Xz) ? CompressionKind.Xz : CompressionKind.None;

    /// <summary>The plain bytes. Disposing it disposes <paramref name="input"/>.</summary>
    public static Stream Open(Stream input)
    {
        var buffered = new BufferedStream(input, BufferSize);
        var start = new byte[4];
        var length = buffered.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        var whole = new PrefixedStream(start.AsMemory(0, length), buffered);
        return KindOf(start.AsSpan(0, length)) switch
        {
            CompressionKind.Gzip => new GZipStream(whole, CompressionMode.Decompress),
            CompressionKind.Zstd => new DecompressionStream(whole, BufferSize, leaveOpen: false),
            CompressionKind.Bzip2 => FilterProcess.Start("bzip2", whole),
            CompressionKind.Xz => FilterProcess.Start("xz", whole),
            _ => whole,
        };
    }

    /// <summary>Gives back the bytes that were looked at, so that the input need not seek.</summary>
    private sealed class PrefixedStream(ReadOnlyMemory<byte> prefix, Stream rest) : ReadOnlyStream
    {
        private ReadOnlyMemory<byte> _prefix = prefix;

        public override int Read(Span<byte> buffer)
        {
            if (_prefix.IsEmpty)
            {
                return rest.Read(buffer);
            }

            var length = Math.Min(buffer.Length, _prefix.Length);
            _prefix.Span[..length].CopyTo(buffer);
            _prefix = _prefix[length..];
            return length;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                rest.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
