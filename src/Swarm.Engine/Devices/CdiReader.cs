using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Swarm.Engine.Devices;

/// <summary>Reads a CDI file; JSON is YAML too.</summary>
internal static partial class CdiReader
{
    /// <summary>Bytes of a file.</summary>
    private const int MaximumSize = 1 << 20;

    private static readonly string[] Known = ["env", "deviceNodes", "mounts", "hooks", "additionalGids"];
    private static readonly string[] HookNames = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];

    /// <exception cref="InvalidDataException">Not a CDI file: one line that says why.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static CdiSpec Read(string path)
    {
        Require(new FileInfo(path).Length <= MaximumSize, $"larger than {MaximumSize} bytes");
        try
        {
            using var text = File.OpenText(path);
            var stream = new YamlStream();
            stream.Load(text);
            Require(stream.Documents.Count == 1, "not one document");
            return Spec(path, Map(stream.Documents[0].RootNode, "the file"));
        }
        catch (Exception e) when (e is YamlException or ArgumentException)
        {
            throw new InvalidDataException($"failed to parse CDI spec: {e.Message}", e);
        }
    }

    private static CdiSpec Spec(string path, YamlMappingNode root)
    {
        var version = Text(root, "cdiVersion");
        Require(VersionPattern().IsMatch(version), $"invalid version \"{version}\"");
        var kind = Text(root, "kind");
        Require(KindPattern().IsMatch(kind), $"invalid kind \"{kind}\": it has to be vendor/class");
        var devices = Maps(root, "devices").Select(device => new CdiDevice(Text(device, "name"), Edits(device))).ToImmutableArray();
        Require(devices.Length > 0, "no devices");
        foreach (var device in devices)
        {
            Require(NamePattern().IsMatch(device.Name), $"invalid device name \"{device.Name}\"");
        }

        var twice = devices.GroupBy(device => device.Name).FirstOrDefault(group => group.Count() > 1);
        Require(twice is null, $"multiple devices with name \"{twice?.Key}\"");
        return new CdiSpec(path, kind, devices, Edits(root));
    }

    private static CdiEdits Edits(YamlMappingNode owner)
    {
        if (Of(owner, "containerEdits") is not { } node)
        {
            return CdiEdits.None;
        }

        var edits = Map(node, "containerEdits");
        var unknown = edits.Children.Keys.Select(key => ((YamlScalarNode)key).Value!).FirstOrDefault(name => !Known.Contains(name));
        Require(unknown is null, $"containerEdits: \"{unknown}\" is not supported");
        return new CdiEdits
        {
            Environment = Texts(edits, "env"),
            DeviceNodes = [.. Maps(edits, "deviceNodes").Select(Node)],
            Mounts = [.. Maps(edits, "mounts").Select(m => new CdiMount(Text(m, "hostPath"), Text(m, "containerPath"), Optional(m, "type"), Texts(m, "options")))],
            Hooks = [.. Maps(edits, "hooks").Select(Hook)],
            AdditionalGroups = [.. Texts(edits, "additionalGids").Select(text => (uint)Number(text, "additionalGids", uint.MaxValue))],
        };
    }

    private static CdiDeviceNode Node(YamlMappingNode node)
    {
        var (type, permissions) = (Optional(node, "type"), Optional(node, "permissions"));
        Require(type is "" or "b" or "c" or "u" or "p", $"device \"{Text(node, "path")}\": invalid type \"{type}\"");
        Require(permissions.All("rwm".Contains), $"device \"{Text(node, "path")}\": invalid permissions \"{permissions}\"");
        return new CdiDeviceNode(
            Text(node, "path"), Optional(node, "hostPath"), type, Whole(node, "major") ?? 0, Whole(node, "minor") ?? 0, (int?)Whole(node, "fileMode"), permissions,
            (uint?)Whole(node, "uid"), (uint?)Whole(node, "gid"));
    }

    private static CdiHook Hook(YamlMappingNode node)
    {
        var name = Text(node, "hookName");
        Require(HookNames.Contains(name), $"invalid hook name \"{name}\"");
        return new CdiHook(name, Text(node, "path"), Texts(node, "args"), Texts(node, "env"), (int?)Whole(node, "timeout"));
    }

    private static YamlNode? Of(YamlMappingNode map, string name) =>
        map.Children.TryGetValue(new YamlScalarNode(name), out var value) && value is not YamlScalarNode { Value: "" or "null" or "~", Style: ScalarStyle.Plain } ? value : null;

    private static YamlMappingNode Map(YamlNode node, string what) => node as YamlMappingNode ?? throw new InvalidDataException($"{what} is not a map");

    private static IEnumerable<YamlNode> Items(YamlMappingNode map, string name) => Of(map, name) switch
    {
        null => [],
        YamlSequenceNode list => list.Children,
        _ => throw new InvalidDataException($"{name} is not a list"),
    };

    private static IEnumerable<YamlMappingNode> Maps(YamlMappingNode map, string name) => Items(map, name).Select(item => Map(item, name));

    private static ImmutableArray<string> Texts(YamlMappingNode map, string name) => [.. Items(map, name).Select(item => Scalar(item, name))];

    private static string Text(YamlMappingNode map, string name)
    {
        var text = Optional(map, name);
        Require(text.Length > 0, $"{name} is missing");
        return text;
    }

    private static string Optional(YamlMappingNode map, string name) => Of(map, name) is { } node ? Scalar(node, name) : "";

    private static string Scalar(YamlNode node, string name)
    {
        var text = (node as YamlScalarNode)?.Value ?? throw new InvalidDataException($"{name} is not a text");
        Require(!text.Contains('\0', StringComparison.Ordinal), $"{name} has a zero byte");
        return text;
    }

    private static long? Whole(YamlMappingNode map, string name) => Of(map, name) is { } node ? Number(Scalar(node, name), name, uint.MaxValue) : null;

    /// <summary>YAML writes a mode as 0660 or 0o660.</summary>
    private static long Number(string text, string name, long maximum)
    {
        var isOctal = text.Length > 1 && text[0] == '0';
        try
        {
            var value = isOctal ? Convert.ToInt64(text.Replace("0o", "0", StringComparison.Ordinal), 8) : long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
            Require(value <= maximum, $"{name}: {text} is too large");
            return value;
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw new InvalidDataException($"{name}: \"{text}\" is not a number", e);
        }
    }

    private static void Require(bool valid, string message)
    {
        if (!valid)
        {
            throw new InvalidDataException(message);
        }
    }

    [GeneratedRegex(@"^v?(0\.[3-9]|1\.[0-9])\.[0-9]+$")]
    private static partial Regex VersionPattern();

    [GeneratedRegex("^[A-Za-z]([A-Za-z0-9_.-]*[A-Za-z0-9])?/[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?$")]
    private static partial Regex KindPattern();

    [GeneratedRegex("^[A-Za-z0-9]([A-Za-z0-9_.:-]*[A-Za-z0-9])?$")]
    private static partial Regex NamePattern();
}
