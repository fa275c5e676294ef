using System.Formats.Tar;
using System.Text;

namespace Swarm.EndToEnd.Hostile;

/// <summary>Archives that try to get out of where they are unpacked, and broken ones.</summary>
internal static class HostileArchive
{
    private static readonly string[] Names = ["../../../../tmp/escape", "/tmp/escape", "a/../../b", "link/escape", "Dockerfile", ".dockerignore", "dev/x", "", ".", "manifest.json", "repositories", "config.json"];

    public static byte[] Make(Random random)
    {
        using var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, TarEntryFormat.Pax, leaveOpen: true))
        {
            for (var left = random.Next(1, 6); left > 0; left--)
            {
                var name = Names[random.Next(Names.Length)];
                if (name.Length == 0)
                {
                    name = "x";
                }

                var type = random.Next(5) switch
                {
                    0 => TarEntryType.SymbolicLink,
                    1 => TarEntryType.HardLink,
                    2 => TarEntryType.Directory,
                    _ => TarEntryType.RegularFile,
                };
                var entry = new PaxTarEntry(type, name);
                if (type is TarEntryType.SymbolicLink or TarEntryType.HardLink)
                {
                    entry.LinkName = random.Next(2) == 0 ? "/tmp" : "../../../tmp/escape";
                }

                if (type == TarEntryType.RegularFile)
                {
                    entry.DataStream = new MemoryStream(Encoding.UTF8.GetBytes(name.EndsWith("Dockerfile", StringComparison.Ordinal) ? Dockerfile(random) : HostileValues.Spoil("""[{"Config":"config.json","RepoTags":["x:y"],"Layers":["a/layer.tar"]}]""", random)));
                }

                writer.WriteEntry(entry);
            }
        }

        var bytes = archive.ToArray();
        if (random.Next(3) == 0)
        {
            bytes[random.Next(bytes.Length)] ^= (byte)random.Next(1, 256);
        }

        return random.Next(4) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }

    private static string Dockerfile(Random random) => string.Join('\n', Enumerable.Range(0, random.Next(0, 5)).Select(_ => random.Next(12) switch
    {
        0 => "FROM scratch",
        1 or 2 => "FROM busybox",
        3 => "COPY " + HostileValues.Text(random) + " /",
        4 => "ADD http://127.0.0.1:1/x /x",
        5 => "LABEL a=" + HostileValues.Text(random),
        6 => "ARG " + HostileValues.Text(random),
        7 => "ENV A=" + HostileValues.Text(random),
        8 => "COPY <<E /x\n" + HostileValues.Text(random),
        9 => "EXPOSE " + HostileValues.Text(random),
        10 => "HEALTHCHECK " + HostileValues.Text(random),
        _ => HostileValues.Text(random),
    }));
}
