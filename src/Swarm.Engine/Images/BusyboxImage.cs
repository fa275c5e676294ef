using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Swarm.Engine.Archives;
using Swarm.Registry;

namespace Swarm.Engine.Images;

/// <summary>
/// An image made from this machine's static busybox, for places that reach no registry (the lab, tests). The same binary gives the same
/// archive, byte for byte.
/// </summary>
public static class BusyboxImage
{
    /// <summary>Bytes of a busybox binary.</summary>
    private const int MaxBinarySize = 64 << 20;

    private static readonly DateTimeOffset Created = DateTimeOffset.UnixEpoch;
    private static readonly string[] Folders = ["bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr", "usr/bin", "usr/sbin", "var", "var/tmp"];

    /// <summary>Writes a `docker load` archive of the image.</summary>
    /// <param name="busyboxPath">A statically linked busybox, which is run once to list its applets.</param>
    /// <param name="reference">As in busybox:latest.</param>
    /// <exception cref="InvalidDataException">Not a busybox, or not a static one.</exception>
    public static void Write(Stream output, string busyboxPath, string reference)
    {
        var binary = File.ReadAllBytes(busyboxPath);
        if (binary.Length > MaxBinarySize || !IsStatic(binary))
        {
            throw new InvalidDataException($"{busyboxPath} is not a statically linked program: install busybox-static");
        }

        var name = ImageReference.Parse(reference).WithDefaultTag().Familiar;
        var layer = Layer(binary, Applets(busyboxPath));
        var diffId = Digest.Of(layer);
        var config = Config(diffId);
        var configName = Digest.Of(config).Hex + ".json";
        var layerName = diffId.Hex + "/layer.tar";
        var manifest = new List<ArchiveImage> { new() { Config = configName, RepoTags = [name], Layers = [layerName] } };

        var writer = new TarWriter(output);
        writer.Write(Entry(configName, TarEntryType.File, 0x1A4), config);
        writer.Write(Entry(diffId.Hex, TarEntryType.Directory, 0x1ED));
        writer.Write(Entry(layerName, TarEntryType.File, 0x1A4), layer);
        writer.Write(Entry("manifest.json", TarEntryType.File, 0x1A4), JsonSerializer.SerializeToUtf8Bytes(manifest, ImageJson.Default.ListArchiveImage));
        writer.Finish();
    }

    /// <summary>elf(5): a 64 bit program without a PT_INTERP header asks for no dynamic linker.</summary>
    private static bool IsStatic(ReadOnlySpan<byte> elf)
    {
        const int interpreter = 3;
        if (elf.Length < 64 || !elf.StartsWith("\u007FELF\u0002\u0001"u8))
        {
            return false;
        }

        var at = BinaryPrimitives.ReadInt64LittleEndian(elf[32..]);
        var size = BinaryPrimitives.ReadUInt16LittleEndian(elf[54..]);
        for (var left = BinaryPrimitives.ReadUInt16LittleEndian(elf[56..]); left > 0; left--, at += size)
        {
            if (at < 0 || at > elf.Length - 4 || BinaryPrimitives.ReadInt32LittleEndian(elf[(int)at..]) == interpreter)
            {
                return false;
            }
        }

        return true;
    }

    private static byte[] Layer(byte[] binary, List<string> applets)
    {
        using var stream = new MemoryStream();
        var writer = new TarWriter(stream);
        foreach (var folder in Folders)
        {
            writer.Write(Entry(folder, TarEntryType.Directory, folder is "tmp" or "var/tmp" ? 0x3FF : folder == "root" ? 0x1C0 : 0x1ED));
        }

        writer.Write(Entry("bin/busybox", TarEntryType.File, 0x1ED), binary);
        foreach (var applet in applets)
        {
            writer.Write(Entry("bin/" + applet, TarEntryType.HardLink, 0x1ED) with { LinkName = "bin/busybox"u8.ToArray() });
        }

        // Scripts say #!/usr/bin/env.
        writer.Write(Entry("usr/bin/env", TarEntryType.SymbolicLink, 0x1FF) with { LinkName = "../../bin/env"u8.ToArray() });
        Text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n");
        Text("etc/group", "root:x:0:\ndaemon:x:1:\ntty:x:5:\nnogroup:x:65534:\n");
        Text("etc/nsswitch.conf", "hosts: files dns\n");
        writer.Finish();
        return stream.ToArray();

        void Text(string path, string content) => writer.Write(Entry(path, TarEntryType.File, 0x1A4), Encoding.ASCII.GetBytes(content));
    }

    private static byte[] Config(Digest diffId)
    {
        var architecture = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64";
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("architecture", architecture);
            json.WriteString("os", "linux");
            json.WriteString("created", Created.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
            json.WriteStartObject("config");
            json.WriteStartArray("Env");
            json.WriteStringValue("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
            json.WriteEndArray();
            json.WriteStartArray("Cmd");
            json.WriteStringValue("sh");
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteStartObject("rootfs");
            json.WriteString("type", "layers");
            json.WriteStartArray("diff_ids");
            json.WriteStringValue(diffId.ToString());
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteStartArray("history");
            json.WriteStartObject();
            json.WriteString("created", Created.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
            json.WriteString("created_by", "busybox of the machine");
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static List<string> Applets(string busyboxPath)
    {
        using var process = Process.Start(new ProcessStartInfo(busyboxPath, ["--list"]) { RedirectStandardOutput = true })
            ?? throw new InvalidDataException($"{busyboxPath} does not start");
        var lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        process.WaitForExit();
        var applets = lines.Where(line => line != "busybox" && !line.Contains('/')).Distinct().Order(StringComparer.Ordinal).ToList();
        return process.ExitCode == 0 && applets.Contains("sh")
            ? applets
            : throw new InvalidDataException($"{busyboxPath} is not a busybox with a shell");
    }

    private static TarEntry Entry(string name, TarEntryType type, int mode) => new()
    {
        Type = type,
        Name = Encoding.ASCII.GetBytes(name),
        Mode = mode,
        Modified = new TarTime(Created.ToUnixTimeSeconds()),
    };
}
