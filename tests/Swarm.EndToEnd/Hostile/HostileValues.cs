using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Swarm.EndToEnd.Hostile;

/// <summary>Values that no honest client sends, and JSON that has them where good values were.</summary>
internal static class HostileValues
{
    private const string RawMark = "@raw@";

    /// <summary>Deep enough to end a parser that recurses.</summary>
    private const int Deepest = 20_000;

    private static readonly string[] Texts =
    [
        "", " ", "0", "1", "true", "false", "none", "-1", "9999999999999999999999", "1e400", "NaN", "null", "../../../tmp/escape", "/../../tmp/escape", "..", ".", "/", "//", "a/../b",
        "\0", "a\0b", "\r\nX-Injected: 1", "\n", "\u202e\u0000\uffff", "\ud83d\ude00", "%00", "%zz", "%2e%2e%2f", "${A}", "$(true)", "`true`", ";true", "'\"", "{}", "[]", "{\"label\":[\"a\"]}",
        "{\"label\":{\"a\":true}}", "{\"until\":[\"x\"]}", "{\"status\":[\"nope\"]}", "{\"name\":[\"(((((\"]}", "{\"id\":[\"^\"],\"name\":[\"[a-\"]}", "{\"dangling\":[\"1\",\"0\"]}", "{\"exited\":[\"999999999999\"]}",
        "{\"publish\":[\"1-99999\"]}", "{\"before\":[\"nope\"]}", "2999-01-01T00:00:00Z", "0001-01-01", "1.999999999999", "-1.5", "99999999999999", "10m", "busybox", "busybox@sha256:00", "127.0.0.1:1/a/b:c",
        "UPPER/CASE", "a:b:c", "sha256:", "container:hostile-1", "container:", "host", "SIGKILL", "SIGRTMAX+1", "64", "ctrl-@", "ctrl-a,ctrl-", "-ef", "-o pid,args", "linux/arm64", "../../", "0.0.0.0/0", "::1", "80-70/tcp",
        "65536", "/var/run/../..", "é", "аdmin", "FROM", "RUN true", "COPY --from=9 . .", "ENV", "\t",
    ];

    private static readonly string[] Numbers =
        ["0", "-1", "1", "2147483647", "2147483648", "-2147483649", "4294967295", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551616", "1e308", "1e-7", "0.5", "1E+400", "00", "0x10", "NaN"];

    public static string Text(Random random) => random.Next(20) switch
    {
        0 => new string('a', random.Next(1, 70_000)),
        1 => string.Concat(Enumerable.Repeat("../", random.Next(1, 2000))),
        2 => new string((char)random.Next(0x20, 0xd7ff), random.Next(1, 300)),
        3 => random.NextInt64(long.MinValue, long.MaxValue).ToString(CultureInfo.InvariantCulture),
        _ => Texts[random.Next(Texts.Length)],
    };

    /// <summary>A good body, spoiled in up to three places.</summary>
    public static string Spoil(string good, Random random)
    {
        var root = JsonNode.Parse(good)!;
        List<string> raw = [];
        for (var left = random.Next(0, 4); left > 0; left--)
        {
            SpoilOne(root, random, raw);
        }

        var text = new StringBuilder(root.ToJsonString());
        foreach (var value in raw)
        {
            var mark = '"' + RawMark + '"';
            var at = text.ToString().IndexOf(mark, StringComparison.Ordinal);
            if (at >= 0)
            {
                text.Remove(at, mark.Length).Insert(at, value);
            }
        }

        return random.Next(12) switch
        {
            0 => text.ToString()[..random.Next(text.Length + 1)],
            1 => text + text.ToString(),
            2 => Nested(random),
            3 => Numbers[random.Next(Numbers.Length)],
            4 => "\uFEFF" + text,
            _ => text.ToString(),
        };
    }

    private static void SpoilOne(JsonNode root, Random random, List<string> raw)
    {
        // Down to a random place.
        var node = root;
        while (true)
        {
            var children = node switch
            {
                JsonObject o => o.Select(p => p.Value).ToList(),
                JsonArray a => [.. a],
                _ => [],
            };
            if (children.Count == 0)
            {
                return;
            }

            var index = random.Next(children.Count);
            if (children[index] is { } child and (JsonObject or JsonArray) && random.Next(3) > 0)
            {
                node = child;
                continue;
            }

            var value = Value(random, raw);
            switch (node)
            {
                case JsonObject o when random.Next(8) == 0:
                    o[Text(random)] = value;
                    return;
                case JsonObject o:
                    o[o.ElementAt(index).Key] = value;
                    return;
                default:
                    ((JsonArray)node)[index] = value;
                    return;
            }
        }
    }

    private static JsonNode? Value(Random random, List<string> raw)
    {
        switch (random.Next(8))
        {
            case 0:
                return null;
            case 1:
                return new JsonArray();
            case 2:
                return new JsonObject();
            case 3:
                return random.Next(2) == 0;
            case 4:
                raw.Add(Numbers[random.Next(Numbers.Length)]);
                return RawMark;
            case 5 when random.Next(4) == 0:
                raw.Add(Nested(random));
                return RawMark;
            case 6:
                return new JsonArray(Text(random), null, 7);
            default:
                return Text(random);
        }
    }

    private static string Nested(Random random)
    {
        var depth = random.Next(1, Deepest);
        var (open, close) = random.Next(2) == 0 ? ("[", "]") : ("{\"a\":", "}");
        return string.Concat(Enumerable.Repeat(open, depth)) + "1" + string.Concat(Enumerable.Repeat(close, random.Next(2) == 0 ? depth : depth / 2));
    }
}
