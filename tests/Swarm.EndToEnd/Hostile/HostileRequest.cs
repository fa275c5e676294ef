using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Swarm.EndToEnd.Hostile;

/// <summary>One request, made from a seed and a number alone: the same two make the same bytes.</summary>
internal sealed record HostileRequest
{
    public required byte[] Head { get; init; }
    public byte[] Body { get; init; } = [];

    /// <summary>Sent in pieces, with the head cut too.</summary>
    public bool Slow { get; init; }

    /// <summary>The client says that it will send no more, and still listens.</summary>
    public bool HalfClose { get; init; }

    /// <summary>The server may say nothing: the request is not whole, or waits by its nature.</summary>
    public bool MayStaySilent { get; init; }

    /// <summary>It is HTTP as it should be, so that a refusal has Docker's shape.</summary>
    public bool WellFormed { get; init; } = true;

    /// <summary>The client leaves without reading.</summary>
    public bool Leaves { get; init; }

    public bool IsHead => Head.AsSpan().StartsWith("HEAD "u8);

    public override string ToString() => Printable(Head) + Printable(Body);

    public static HostileRequest Make(int seed, int number)
    {
        var random = new Random(HashOf(seed, number));
        var route = HostileRoutes.All[random.Next(HostileRoutes.All.Length)];
        var body = BodyOf(route, random);
        var request = Assemble(route, random, body);
        return random.Next(12) == 0 ? Spoil(request, random) : request;
    }

    private static HostileRequest Assemble(HostileRoute route, Random random, byte[] body)
    {
        var target = new StringBuilder(Version(random)).Append(Path(route.Path, random));
        var separator = '?';
        foreach (var name in route.Query.Where(_ => random.Next(3) > 0))
        {
            var value = HostileValues.Text(random);
            if (value.Length < 6000)
            {
                target.Append(separator).Append(name).Append('=').Append(random.Next(15) == 0 ? "%" : Uri.EscapeDataString(ValidUnicode(value)));
                separator = '&';
            }
        }

        var head = new StringBuilder($"{route.Method} {target} HTTP/1.1\r\nHost: d\r\n");
        var json = route.Body is not (null or HostileRoutes.Archive);
        if (route.Body is not null && random.Next(10) > 0)
        {
            head.Append("Content-Type: ").Append(random.Next(15) == 0 ? "text/plain; charset=(" : json ? "application/json" : "application/x-tar").Append("\r\n");
        }

        if (random.Next(6) == 0)
        {
            var auth = random.Next(2) == 0 ? HostileValues.Spoil("""{"username":"u","password":"p"}""", random) : "{}";
            head.Append("X-Registry-Auth: ").Append(Convert.ToBase64String(Encoding.UTF8.GetBytes(auth.Length < 2000 ? auth : auth[..2000]))).Append("\r\n");
        }

        var hijacks = route.MayWait && random.Next(2) == 0;
        if (hijacks)
        {
            head.Append("Connection: Upgrade\r\nUpgrade: ").Append(random.Next(2) == 0 ? "tcp" : "websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==").Append("\r\n");
        }

        if (random.Next(5) == 0)
        {
            head.Append("Transfer-Encoding: chunked\r\n\r\n");
            body = Chunked(body);
        }
        else
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n\r\n");
        }

        return new HostileRequest
        {
            Head = Encoding.UTF8.GetBytes(head.ToString()), Body = body, MayStaySilent = route.MayWait, HalfClose = random.Next(8) == 0,
            Slow = random.Next(60) == 0, Leaves = random.Next(25) == 0,
        };
    }

    /// <summary>No more HTTP as it should be.</summary>
    private static HostileRequest Spoil(HostileRequest request, Random random)
    {
        var head = Encoding.UTF8.GetString(request.Head);
        request = request with { WellFormed = false, MayStaySilent = true, HalfClose = random.Next(2) == 0 };
        return random.Next(10) switch
        {
            0 => request with { Head = request.Head[..random.Next(request.Head.Length)] },
            1 => request with { Head = Encoding.UTF8.GetBytes(head.Replace("Content-Length: ", "Content-Length: 9", StringComparison.Ordinal)) },
            2 => request with { Head = Encoding.UTF8.GetBytes(head.Replace("Content-Length: ", "Content-Length: -", StringComparison.Ordinal)) },
            3 => request with { Head = Encoding.UTF8.GetBytes(head.Replace("HTTP/1.1", "HTTP/9.9", StringComparison.Ordinal)) },
            4 => request with { Head = Encoding.UTF8.GetBytes(head.Replace("\r\n", "\n", StringComparison.Ordinal)) },
            5 => request with { Head = Encoding.UTF8.GetBytes(head.Replace("Host: d", "Host: d\r\nX: " + new string('x', random.Next(100, 60_000)), StringComparison.Ordinal)) },
            6 => request with { Head = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), Body = Noise(random) },
            7 => request with { Head = Encoding.UTF8.GetBytes(head.Replace("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n", StringComparison.Ordinal)), Body = "fffffffffffffff\r\nx"u8.ToArray() },
            8 => request with { Body = [.. request.Body, .. request.Head, .. Noise(random)] },
            _ => request with { Head = Noise(random), Body = [] },
        };
    }

    private static byte[] BodyOf(HostileRoute route, Random random) => route.Body switch
    {
        null => random.Next(20) == 0 ? Noise(random) : [],
        HostileRoutes.Archive => random.Next(4) switch
        {
            0 => Noise(random),
            1 => [],
            _ => HostileArchive.Make(random),
        },
        var good => random.Next(20) == 0 ? Noise(random) : Encoding.UTF8.GetBytes(HostileValues.Spoil(good, random)),
    };

    private static string Version(Random random) => random.Next(10) switch
    {
        0 => "",
        1 => new[] { "/v1.23", "/v1.999", "/v0", "/v1", "/vv1.51", "/v1.51/v1.51", "/v99999999999.1", "/v-1.5", "/v1.4294967297" }[random.Next(9)],
        _ => "/v1." + random.Next(24, 52).ToString(CultureInfo.InvariantCulture),
    };

    private static string Path(string path, Random random)
    {
        string[] names = ["hostile-1", "hostile-2", "hostile-3", "busybox", "busybox:latest", "vol", "vol2", "vol3", "web", "m1", "none", "bridge"];
        var given = random.Next(3) == 0 ? HostileValues.Text(random) : path.StartsWith("/containers", StringComparison.Ordinal) ? names[random.Next(3)] : names[random.Next(names.Length)];
        given = random.Next(4) == 0 ? given.Replace(" ", "", StringComparison.Ordinal).Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal) : Uri.EscapeDataString(ValidUnicode(given));
        given = given.Length < 6000 ? given : given[..6000];
        return path.Replace("{id}", given, StringComparison.Ordinal).Replace("{name}", given, StringComparison.Ordinal);
    }

    private static byte[] Chunked(byte[] body) =>
        body.Length == 0 ? "0\r\n\r\n"u8.ToArray() : [.. Encoding.ASCII.GetBytes($"{body.Length:x}\r\n"), .. body, .. "\r\n0\r\n\r\n"u8];

    private static byte[] Noise(Random random)
    {
        var noise = new byte[random.Next(1, 600)];
        random.NextBytes(noise);
        return noise;
    }

    private static string ValidUnicode(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    private static int HashOf(int seed, int number)
    {
        Span<byte> both = stackalloc byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(both, seed);
        BinaryPrimitives.WriteInt32LittleEndian(both[4..], number);
        return BinaryPrimitives.ReadInt32LittleEndian(System.Security.Cryptography.SHA256.HashData(both));
    }

    private static string Printable(byte[] bytes) =>
        string.Concat(Encoding.Latin1.GetString(bytes.AsSpan(0, Math.Min(bytes.Length, 1500))).Select(c => c is '\n' or (>= ' ' and < '\u007f') ? c.ToString() : c == '\r' ? "" : $"\\x{(int)c:x2}"));
}
