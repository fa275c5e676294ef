using System.Diagnostics;
using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Swarm.Lab.Nodes;

/// <summary>
/// The image that every lab has: this machine's static busybox as an archive in the form of `docker save` (Docker image specification v1.2), so a
/// lab needs no registry.
/// </summary>
internal static class LabImage
{
    private const UnixFileMode Executable = (UnixFileMode)0x1ed; // 0755
    private const UnixFileMode Plain = (UnixFileMode)0x1a4; // 0644
    private const UnixFileMode Sticky = (UnixFileMode)0x3ff; // 1777

    public static void Write(Stream output, string busybox, string reference)
    {
        var layer = Layer(busybox);
        var diffId = Hex(layer);
        var config = Config(diffId);
        var configName = Hex(config) + ".json";
        using var tar = new TarWriter(output, TarEntryFormat.Pax, leaveOpen: true);
        File(tar, configName, config, Plain);
        File(tar, diffId + "/layer.tar", layer, Plain);
        File(tar, "manifest.json", Manifest(configName, diffId + "/layer.tar", reference), Plain);
    }

    private static byte[] Layer(string busybox)
    {
        using var buffer = new MemoryStream();
        using (var tar = new TarWriter(buffer, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var folder in (string[])["bin/", "dev/", "etc/", "proc/", "root/", "sys/", "usr/", "usr/bin/", "var/"])
            {
                Folder(tar, folder, Executable);
            }

            Folder(tar, "tmp/", Sticky);
            File(tar, "bin/busybox", System.IO.File.ReadAllBytes(busybox), Executable);
            foreach (var applet in Applets(busybox))
            {
                tar.WriteEntry(new PaxTarEntry(TarEntryType.HardLink, "bin/" + applet) { LinkName = "bin/busybox", Mode = Executable, ModificationTime = DateTimeOffset.UnixEpoch });
            }

            File(tar, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"u8.ToArray(), Plain);
            File(tar, "etc/group", "root:x:0:\nnogroup:x:65534:\n"u8.ToArray(), Plain);
        }

        return buffer.ToArray();
    }

    /// <summary>What this busybox was built with, except itself.</summary>
    private static IEnumerable<string> Applets(string busybox)
    {
        using var list = Process.Start(new ProcessStartInfo(busybox, ["--list"]) { RedirectStandardOutput = true })!;
        var names = list.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        list.WaitForExit();
        return list.ExitCode == 0 ? names.Where(n => n != "busybox") : throw new LabException($"{busybox} --list failed: is it busybox?");
    }

    private static byte[] Config(string diffId) => Json(json =>
    {
        json.WriteString("architecture", System.Runtime.InteropServices.RuntimeInformation.OSArchitecture switch
        {
            System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
            _ => "amd64",
        });
        json.WriteString("os", "linux");
        json.WriteString("created", "1970-01-01T00:00:00Z");
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
        json.WriteStringValue("sha256:" + diffId);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartArray("history");
        json.WriteStartObject();
        json.WriteString("created", "1970-01-01T00:00:00Z");
        json.WriteString("created_by", "static busybox");
        json.WriteEndObject();
        json.WriteEndArray();
    });

    private static byte[] Manifest(string config, string layer, string reference)
    {
        var entry = Json(json =>
        {
            json.WriteString("Config", config);
            json.WriteStartArray("RepoTags");
            json.WriteStringValue(reference);
            json.WriteEndArray();
            json.WriteStartArray("Layers");
            json.WriteStringValue(layer);
            json.WriteEndArray();
        });
        return [(byte)'[', .. entry, (byte)']'];
    }

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static string Hex(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private static void Folder(TarWriter tar, string name, UnixFileMode mode) =>
        tar.WriteEntry(new PaxTarEntry(TarEntryType.Directory, name) { Mode = mode, ModificationTime = DateTimeOffset.UnixEpoch });

    private static void File(TarWriter tar, string name, byte[] content, UnixFileMode mode)
    {
        using var data = new MemoryStream(content);
        tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { Mode = mode, DataStream = data, ModificationTime = DateTimeOffset.UnixEpoch });
    }
}
